/**
 * Every keyboard command: the one table behind the shortcuts and their sheet. Keys are named as in `KeyboardEvent.key`;
 * the message `command.<name>` says what they do.
 */
export const COMMANDS = /** @type {const} */ ([
  { name: 'nextStudy', group: 'studies', keys: ['j'] },
  { name: 'previousStudy', group: 'studies', keys: ['k'] },
  { name: 'addFiles', group: 'studies', keys: ['a'] },
  { name: 'cancel', group: 'studies', keys: ['x'] },
  { name: 'slices', group: 'viewer', keys: ['ArrowUp', 'ArrowDown'] },
  { name: 'tenSlices', group: 'viewer', keys: ['PageUp', 'PageDown'] },
  { name: 'ends', group: 'viewer', keys: ['Home', 'End'] },
  { name: 'pan', group: 'viewer', keys: ['Shift'] },
  { name: 'zoom', group: 'viewer', keys: ['+', '-'] },
  { name: 'width', group: 'viewer', keys: ['w', 'n'] },
  { name: 'level', group: 'viewer', keys: ['b', 'd'] },
  { name: 'invert', group: 'viewer', keys: ['i'] },
  { name: 'reset', group: 'viewer', keys: ['0'] },
  { name: 'map', group: 'page', keys: ['h'] },
  { name: 'nextFinding', group: 'page', keys: ['.'] },
  { name: 'previousFinding', group: 'page', keys: [','] },
  { name: 'wording', group: 'page', keys: ['p'] },
  { name: 'model', group: 'page', keys: ['m'] },
  { name: 'language', group: 'page', keys: ['l'] },
  { name: 'theme', group: 'page', keys: ['t'] },
  { name: 'help', group: 'page', keys: ['?'] },
  { name: 'close', group: 'page', keys: ['Escape'] },
]);

/** @typedef {(typeof COMMANDS)[number]['name']} CommandName */
/** @typedef {(typeof COMMANDS)[number]['group']} CommandGroup */

const TYPED_INTO = 'input:not([type="range"], [type="checkbox"], [type="file"]), textarea, select';

/**
 * Handles the keys of the whole page. A command without a handler belongs to the view that has the focus, and is only
 * listed in the sheet.
 * @param {Partial<Record<CommandName, () => void>>} handlers
 * @param {() => boolean} areOn single keys can be turned off (WCAG 2.1.4)
 * @param {AbortSignal} signal ends it
 */
export function listenToCommands(handlers, areOn, signal) {
  document.addEventListener(
    'keydown',
    (event) => {
      if ((!areOn() && event.key.length === 1) || isMeantOtherwise(event)) return;
      const command = COMMANDS.find(({ keys }) => keys.some((key) => key === nameKey(event)));
      const handle = command && handlers[command.name];
      if (handle === undefined) return;
      event.preventDefault();
      handle();
    },
    { signal },
  );
}

/** @param {KeyboardEvent} event */
function isMeantOtherwise({ defaultPrevented, ctrlKey, altKey, metaKey, isComposing, target }) {
  if (defaultPrevented || ctrlKey || altKey || metaKey || isComposing) return true;
  if (document.querySelector('dialog[open]') !== null) return true;
  return target instanceof Element && target.closest(TYPED_INTO) !== null;
}

/** @param {KeyboardEvent} event */
function nameKey({ key }) {
  return key.length === 1 ? key.toLowerCase() : key;
}
