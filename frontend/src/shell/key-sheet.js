import { isMessageKey, translate } from '../i18n/translate.js';
import { COMMANDS } from './commands.js';
import { createButton, createElement } from './element.js';
import './key-sheet.css';

/** @typedef {import('./commands.js').CommandGroup} CommandGroup */

/**
 * All keyboard shortcuts, in a modal dialog, which keeps the focus and returns it.
 * @param {HTMLElement} root
 * @param {{ areOn: boolean, onSwitched: (on: boolean) => void }} wiring whether single keys work
 */
export function createKeySheet(root, { areOn, onSwitched }) {
  const title = createElement('h2', {
    id: 'key-sheet-title',
    textContent: translate('keys.title'),
  });
  const box = createElement('input', {
    type: 'checkbox',
    checked: areOn,
    onchange: () => onSwitched(box.checked),
  });
  const close = createButton(translate('keys.close'), () => dialog.close());
  const groups = [...new Set(COMMANDS.map(({ group }) => group))];
  const dialog = createElement('dialog', { className: 'key-sheet' }, [
    title,
    ...groups.flatMap(createGroup),
    createElement('label', {}, [box, translate('keys.on')]),
    close,
  ]);
  dialog.setAttribute('aria-labelledby', title.id);
  root.append(dialog);

  return {
    open() {
      if (!dialog.open) dialog.showModal();
    },
  };
}

/** @param {CommandGroup} group */
function createGroup(group) {
  const rows = COMMANDS.filter((command) => command.group === group).flatMap(({ name, keys }) => [
    createElement(
      'dt',
      {},
      keys.map((key) => createElement('kbd', { textContent: nameKey(key) })),
    ),
    createElement('dd', { textContent: translate(`command.${name}`) }),
  ]);
  return [
    createElement('h3', { textContent: translate(`keys.group.${group}`) }),
    createElement('dl', {}, rows),
  ];
}

/**
 * As the keyboards of the language label it, where the key is not a letter.
 * @param {string} key
 */
function nameKey(key) {
  const message = `key.${key}`;
  return isMessageKey(message) ? translate(message) : key;
}
