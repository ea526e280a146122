import { clamp } from '../clamp.js';
import { panBy, WHOLE, zoomAt } from '../pixels/viewport.js';
import { changeWindow } from '../pixels/window-table.js';

/** @typedef {import('../pixels/viewport.js').Viewport} Viewport */
/** @typedef {import('../pixels/window-table.js').IntensityWindow} IntensityWindow */
/** @typedef {import('../../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {{ least: number, largest: number }} Range of intensities */

/**
 * How a study is looked at.
 * @typedef {object} Look
 * @property {number} index of the slice
 * @property {IntensityWindow | null} window null where it is not known
 * @property {Viewport} viewport
 * @property {boolean} inverted
 */

/** @typedef {Map<string, Look>} Looks how each study of the session was looked at last */

/**
 * What people do to it, whether by key, mouse, finger or button. Lengths are shares of the square's side, and of the
 * range of the intensities.
 * @typedef {{ kind: 'step', by: number }
 *   | { kind: 'go', index: number }
 *   | { kind: 'zoom', factor: number, point?: { x: number, y: number } }
 *   | { kind: 'pan', x: number, y: number }
 *   | { kind: 'moveWindow', level: number, width: number }
 *   | { kind: 'setWindow', window: IntensityWindow }
 *   | { kind: 'invert' | 'reset' }} LookCommand
 */

/**
 * The slice that was judged, through the window that it was judged in; before there is an answer, the picture as it is.
 * @param {PredictionAnswer | null} prediction
 * @returns {Look}
 */
export function startLook(prediction) {
  return {
    index: prediction?.input.view.slice_index ?? 0,
    window: prediction?.input.view.window ?? null,
    viewport: WHOLE,
    inverted: false,
  };
}

/**
 * @param {Look} look
 * @param {LookCommand} command
 * @param {{ prediction: PredictionAnswer | null, voxels: import('../pixels/voxels.js').Voxels | null }} scan
 * @returns {Look}
 */
export function changeLook(look, command, { prediction, voxels }) {
  const last = (prediction?.input.slice_count ?? 1) - 1;
  switch (command.kind) {
    case 'step':
      return { ...look, index: clamp(look.index + command.by, 0, last) };
    case 'go':
      return { ...look, index: clamp(command.index, 0, last) };
    case 'zoom':
      return { ...look, viewport: zoomAt(look.viewport, command.factor, command.point) };
    case 'pan':
      return { ...look, viewport: panBy(look.viewport, command.x, command.y) };
    case 'moveWindow':
      if (look.window === null) return look;
      return {
        ...look,
        window: changeWindow(look.window, command, findRange(voxels, look.window)),
      };
    case 'setWindow':
      return { ...look, window: command.window };
    case 'invert':
      return { ...look, inverted: !look.inverted };
    case 'reset':
      return { ...startLook(prediction), index: look.index };
  }
}

/**
 * The intensities that a window may be moved in: those of the voxels, or, before they are here, about the window.
 * @param {import('../pixels/voxels.js').Voxels | null} voxels
 * @param {IntensityWindow} window
 * @returns {Range}
 */
export function findRange(voxels, { lower, upper }) {
  if (voxels !== null) return { least: voxels.least, largest: voxels.largest };
  return { least: Math.min(0, lower), largest: upper + (upper - lower) };
}
