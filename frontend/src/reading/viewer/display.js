import { clamp } from '../clamp.js';
import { panBy, WHOLE, zoomAt } from '../pixels/viewport.js';
import { changeWindow, measureWindows } from '../pixels/window-table.js';

/** @typedef {import('../pixels/viewport.js').Viewport} Viewport */
/** @typedef {import('../pixels/window-table.js').IntensityWindow} IntensityWindow */
/** @typedef {import('../../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {{ least: number, largest: number }} Range of intensities */
/** @typedef {import('../pixels/voxels.js').Voxels} Voxels */
/** @typedef {{ x: number, y: number }} Point in shares of the slice's width and height, from its upper left */
/** @typedef {[from: Point, to: Point]} Line */
/** @typedef {'auto' | 'brain' | 'full'} Preset */

/** @type {Preset[]} */
export const PRESETS = ['auto', 'brain', 'full'];

const OPACITY = 0.45;

/**
 * How a study is displayed.
 * @typedef {object} Display
 * @property {number} index of the slice
 * @property {IntensityWindow | Preset} window
 * @property {Viewport} viewport
 * @property {boolean} inverted
 * @property {number} opacity of the heat map, in 0..1
 * @property {Line | null} ruler
 * @property {string | null} tumor the kind that the heat map explains; null for the slice's most probable one
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
 *   | { kind: 'setWindow', window: IntensityWindow | Preset }
 *   | { kind: 'fade', opacity: number }
 *   | { kind: 'finding', by: 1 | -1 }
 *   | { kind: 'measure', line: Line | null }
 *   | { kind: 'explain', tumor: string | null }
 *   | { kind: 'invert' | 'reset' | 'toggleMap' | 'toFinding' }} DisplayCommand
 */

/**
 * The slice that the answer shows; before there is one the middle of the stack. Even a map of weak evidence has a brightest place: where no tumour was found it is
 * hidden until somebody raises the opacity.
 * @param {PredictionAnswer | null} prediction
 * @param {Voxels | null} [voxels]
 * @returns {Display}
 */
export function startDisplay(prediction, voxels = null) {
  const middle = voxels === null ? 0 : Math.floor(voxels.sliceCount / 2);
  return {
    index: prediction?.input.view.slice_index ?? middle,
    window: 'auto',
    viewport: WHOLE,
    inverted: false,
    opacity: prediction?.decision === 'no_tumor' ? 0 : OPACITY,
    ruler: null,
    tumor: null,
  };
}

/**
 * @param {Display} display
 * @param {DisplayCommand} command
 * @param {{ prediction: PredictionAnswer | null, voxels: Voxels | null }} scan
 * @returns {Display}
 */
export function changeDisplay(display, command, { prediction, voxels }) {
  const last = (prediction?.input.slice_count ?? voxels?.sliceCount ?? 1) - 1;
  switch (command.kind) {
    case 'step':
      return goTo(display, clamp(display.index + command.by, 0, last));
    case 'go':
      return goTo(display, clamp(command.index, 0, last));
    case 'finding':
      return goTo(display, findNextFinding(display.index, command.by, prediction));
    case 'toFinding':
      return goTo(display, prediction?.input.view.slice_index ?? display.index);
    case 'measure':
      return { ...display, ruler: command.line };
    case 'zoom':
      return { ...display, viewport: zoomAt(display.viewport, command.factor, command.point) };
    case 'pan':
      return { ...display, viewport: panBy(display.viewport, command.x, command.y) };
    case 'moveWindow': {
      const window = findWindow(display, prediction, voxels);
      if (window === null) return display;
      return { ...display, window: changeWindow(window, command, findRange(voxels, window)) };
    }
    case 'setWindow':
      return { ...display, window: command.window };
    case 'invert':
      return { ...display, inverted: !display.inverted };
    case 'fade':
      return { ...display, opacity: command.opacity };
    case 'explain':
      return { ...display, tumor: command.tumor, opacity: display.opacity || OPACITY };
    case 'toggleMap':
      return { ...display, opacity: display.opacity > 0 ? 0 : OPACITY };
    case 'reset': {
      const { viewport, window, inverted } = startDisplay(prediction, voxels);
      return { ...display, viewport, window, inverted };
    }
  }
}

/**
 * @param {Display} display
 * @param {number} index
 * @returns {Display} without the line that was drawn on another slice
 */
function goTo(display, index) {
  return { ...display, index, ruler: index === display.index ? display.ruler : null };
}

/**
 * The middle of the nearest finding in a direction along the slices; where there is none, the slice itself.
 * @param {number} index
 * @param {1 | -1} by
 * @param {PredictionAnswer | null} prediction
 */
function findNextFinding(index, by, prediction) {
  const middles = (prediction?.findings ?? []).map(({ slices: [first, last] }) =>
    Math.round((first + last) / 2),
  );
  const ahead = middles.filter((middle) => (middle - index) * by > 0);
  return ahead.length === 0 ? index : by * Math.min(...ahead.map((middle) => middle * by));
}

/**
 * The intensities that are black and white. Of a volume a preset holds for all slices, as soon as its voxels are loaded;
 * until then, and for a single image, it is the window of the answer's slice.
 * @param {Display} display
 * @param {PredictionAnswer | null} prediction
 * @param {Voxels | null} voxels
 * @returns {IntensityWindow | null} null where it is not known
 */
export function findWindow({ window }, prediction, voxels) {
  if (typeof window !== 'string') return window;
  const own = prediction?.input.view.window ?? null;
  const isOfSlice = window === 'auto' && voxels?.sliceCount === 1 && own !== null;
  if (voxels === null || isOfSlice) return own;
  return measureWindows(voxels)[window];
}

/**
 * The range within which a window may move: the intensities of the voxels, or a range around the window until they are
 * loaded.
 * @param {Voxels | null} voxels
 * @param {IntensityWindow} window
 * @returns {Range}
 */
export function findRange(voxels, { lower, upper }) {
  if (voxels !== null) return { least: voxels.least, largest: voxels.largest };
  return { least: Math.min(0, lower), largest: upper + (upper - lower) };
}
