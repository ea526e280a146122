import { clamp } from '../clamp.js';
import { panBy, WHOLE, zoomAt } from '../pixels/viewport.js';
import { changeWindow } from '../pixels/window-table.js';

/** @typedef {import('../pixels/viewport.js').Viewport} Viewport */
/** @typedef {import('../pixels/window-table.js').IntensityWindow} IntensityWindow */
/** @typedef {import('../../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {{ least: number, largest: number }} Range of intensities */

/**
 * How a study is displayed.
 * @typedef {object} Display
 * @property {number} index of the slice
 * @property {IntensityWindow | null} window null where it is not known
 * @property {Viewport} viewport
 * @property {boolean} inverted
 */

/** @typedef {Map<string, Display>} Displays how each study of the session was displayed last */

/**
 * A change of the display, by key, mouse, finger or button. Lengths are fractions of the square's side and of the
 * intensity range.
 * @typedef {{ kind: 'step', by: number }
 *   | { kind: 'go', index: number }
 *   | { kind: 'zoom', factor: number, point?: { x: number, y: number } }
 *   | { kind: 'pan', x: number, y: number }
 *   | { kind: 'moveWindow', level: number, width: number }
 *   | { kind: 'setWindow', window: IntensityWindow }
 *   | { kind: 'invert' | 'reset' }} DisplayCommand
 */

/**
 * The slice that the answer shows, in the window that the model read it in; before there is an answer, the image as it
 * is.
 * @param {PredictionAnswer | null} prediction
 * @returns {Display}
 */
export function startDisplay(prediction) {
  return {
    index: prediction?.input.view.slice_index ?? 0,
    window: prediction?.input.view.window ?? null,
    viewport: WHOLE,
    inverted: false,
  };
}

/**
 * @param {Display} display
 * @param {DisplayCommand} command
 * @param {{ prediction: PredictionAnswer | null, voxels: import('../pixels/voxels.js').Voxels | null }} scan
 * @returns {Display}
 */
export function changeDisplay(display, command, { prediction, voxels }) {
  const last = (prediction?.input.slice_count ?? 1) - 1;
  switch (command.kind) {
    case 'step':
      return { ...display, index: clamp(display.index + command.by, 0, last) };
    case 'go':
      return { ...display, index: clamp(command.index, 0, last) };
    case 'zoom':
      return { ...display, viewport: zoomAt(display.viewport, command.factor, command.point) };
    case 'pan':
      return { ...display, viewport: panBy(display.viewport, command.x, command.y) };
    case 'moveWindow':
      if (display.window === null) return display;
      return {
        ...display,
        window: changeWindow(display.window, command, findRange(voxels, display.window)),
      };
    case 'setWindow':
      return { ...display, window: command.window };
    case 'invert':
      return { ...display, inverted: !display.inverted };
    case 'reset':
      return { ...startDisplay(prediction), index: display.index };
  }
}

/**
 * The range within which a window may move: the intensities of the voxels, or a range around the window until they are
 * loaded.
 * @param {import('../pixels/voxels.js').Voxels | null} voxels
 * @param {IntensityWindow} window
 * @returns {Range}
 */
export function findRange(voxels, { lower, upper }) {
  if (voxels !== null) return { least: voxels.least, largest: voxels.largest };
  return { least: Math.min(0, lower), largest: upper + (upper - lower) };
}
