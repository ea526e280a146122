/** @typedef {import('./display.js').DisplayCommand} DisplayCommand */

/** Zoom factor of one key press or one click. */
export const ZOOM_STEP = 1.25;
const PAGE = 10;
const PAN_SHARE = 0.05;
const WINDOW_SHARE = 0.02;

/** @type {Record<string, [number, number]>} */
const ARROWS = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** @type {Record<string, DisplayCommand>} */
const COMMANDS = {
  PageUp: { kind: 'step', by: -PAGE },
  PageDown: { kind: 'step', by: PAGE },
  Home: { kind: 'go', index: 0 },
  End: { kind: 'go', index: Number.POSITIVE_INFINITY },
  '+': { kind: 'zoom', factor: ZOOM_STEP },
  '=': { kind: 'zoom', factor: ZOOM_STEP },
  '-': { kind: 'zoom', factor: 1 / ZOOM_STEP },
  0: { kind: 'reset' },
  i: { kind: 'invert' },
  w: { kind: 'moveWindow', level: 0, width: WINDOW_SHARE },
  n: { kind: 'moveWindow', level: 0, width: -WINDOW_SHARE },
  b: { kind: 'moveWindow', level: -WINDOW_SHARE, width: 0 },
  d: { kind: 'moveWindow', level: WINDOW_SHARE, width: 0 },
};

/**
 * What a key does on a slice: arrows step through the slices of a volume; with the shift key, or on a single image,
 * they move the image.
 * @param {KeyboardEvent} event
 * @param {boolean} hasSlices
 * @returns {DisplayCommand | null}
 */
export function findCommand({ key, shiftKey, ctrlKey, altKey, metaKey }, hasSlices) {
  if (ctrlKey || altKey || metaKey) return null;
  const arrow = ARROWS[key];
  if (arrow !== undefined) {
    const [right, down] = arrow;
    return hasSlices && !shiftKey
      ? { kind: 'step', by: right + down }
      : { kind: 'pan', x: right * PAN_SHARE, y: down * PAN_SHARE };
  }
  const command = COMMANDS[key.length === 1 ? key.toLowerCase() : key] ?? null;
  const isAboutSlices = command?.kind === 'step' || command?.kind === 'go';
  return isAboutSlices && !hasSlices ? null : command;
}
