import { translate } from '../../i18n/translate.js';
import { createButton, createElement } from '../../shell/element.js';
import { findKind } from '../heatmaps.js';
import { createBitmapCache } from '../pixels/bitmap-cache.js';
import { drawRuler, drawSlice } from '../pixels/slice-canvas.js';
import { createSlicePainter } from '../pixels/slice-painter.js';
import { findNearestSlice, probe } from '../pixels/voxels.js';
import { areSameStack, describeInput } from '../preview/describe-input.js';
import { changeDisplay, findWindow, startDisplay } from './display.js';
import { createHeatmapControl } from './heatmap-control.js';
import { attachGestures } from './slice-gestures.js';
import { findCommand } from './slice-keys.js';
import { createSliceOverlay, describeProbe, describeRuler, measurePixel } from './slice-overlay.js';
import {
  describeFigures,
  describeMissing,
  describeSeen,
  describeVolume,
  setText,
} from './slice-status.js';
import { createSliceTools } from './slice-tools.js';
import './slice.css';

/** @typedef {import('../../state/session.js').Study} Study */
/** @typedef {import('./display.js').Display} Display */
/** @typedef {import('./display.js').Displays} Displays */
/** @typedef {import('../../state/volumes.js').Volume} Volume */

/**
 * @typedef {object} SliceListeners
 * @property {(study: Study, again: boolean) => void} onVolumeWanted the voxels are needed; `again`: after a failure
 * @property {(seen: Seen, cause: 'study' | 'command' | 'other') => void} onDisplay changed by a new study or answer, by a
 *   person, or after another view's
 */

/**
 * @typedef {object} Seen
 * @property {Study} study
 * @property {Display} display
 * @property {number} sliceCount
 * @property {import('../pixels/voxels.js').Voxels | null} voxels
 */

/**
 * The slice viewer: one slice of a study, its window, position and zoom, and the heat map over it. Until the voxels are
 * loaded it shows the slice of the answer; before there is an answer what the browser itself can read of the files.
 * @param {HTMLElement} root
 * @param {Displays} displays
 * @param {SliceListeners} listeners
 */
export function createSliceView(root, displays, listeners) {
  const bitmapCache = createBitmapCache(paint);
  const paintSlice = createSlicePainter();
  /** @type {Study | null} */
  let shown = null;
  /** @type {Volume | null} */
  let volume = null;
  /** @type {import('../../state/session.js').Wording} */
  let wording = 'staff';
  /** Where the slice lies, in pixels of the canvas. */
  /** @type {import('../pixels/slice-canvas.js').Place | null} */
  let place = null;

  const canvas = createElement('canvas');
  canvas.setAttribute('role', 'img');
  const words = createElement('p', { className: 'slice-message' });
  const retry = createButton(
    translate('viewer.loadAgain'),
    () => shown !== null && listeners.onVolumeWanted(shown, true),
  );
  const loading = createElement('p', { className: 'slice-loading' });
  loading.setAttribute('role', 'status');
  const caption = createElement('figcaption', { className: 'slice-caption' });
  const figures = createElement('span', { className: 'slice-figures' });
  const probed = createElement('span', { className: 'slice-probe' });
  const state = createElement('div', { className: 'slice-state' }, [loading, retry]);
  const frame = createElement('div', { className: 'slice-frame' }, [
    canvas,
    createElement('div', { className: 'slice-words' }, [caption, figures, probed]),
  ]);
  const overlay = createSliceOverlay(frame);
  const square = createElement('div', { className: 'slice-square', tabIndex: 0 }, [
    frame,
    words,
    state,
  ]);
  square.setAttribute('role', 'group');
  square.setAttribute('aria-label', translate('viewer.name'));
  square.setAttribute('aria-description', translate('viewer.help'));
  const curvePlace = createElement('div');
  const figure = createElement('figure', { className: 'slice' }, [square, curvePlace]);
  const tools = createSliceTools(figure, execute);
  const control = createHeatmapControl(figure, execute);
  root.append(figure);
  new ResizeObserver(paint).observe(canvas);

  attachGestures(canvas, {
    hasSlices: () => countSlices() > 1,
    getDragging: () => tools.dragging,
    onCommand: execute,
    onMeasure: (from, to) => {
      const line = /** @type {import('./display.js').Line} */ ([from, to].map(findInSlice));
      execute({ kind: 'measure', line });
    },
    onHover: (point) => setText(probed, point === null ? '' : describePoint(point)),
  });
  square.addEventListener('keydown', (event) => {
    const command = findCommand(event, countSlices() > 1);
    if (command === null) return;
    event.preventDefault();
    execute(command);
  });

  /** @returns {Display} */
  function display() {
    if (shown === null) return startDisplay(null, null);
    return displays.get(nameDisplay(shown)) ?? startDisplay(shown.prediction, findVoxels());
  }

  function countSlices() {
    return shown?.prediction?.input.slice_count ?? findVoxels()?.sliceCount ?? 1;
  }

  function findVoxels() {
    return volume?.state === 'here' ? volume.voxels : null;
  }

  /** What is known of the slices: from the answer, before it from the files. */
  function findInput() {
    if (shown?.prediction) return shown.prediction.input;
    const voxels = findVoxels();
    return voxels && describeInput(voxels);
  }

  /**
   * @param {Study} study
   * @param {'study' | 'command' | 'other'} cause
   */
  function tell(study, cause) {
    const seen = { study, display: display(), sliceCount: countSlices(), voxels: findVoxels() };
    listeners.onDisplay(seen, cause);
  }

  /**
   * @param {Study} study
   * @param {Seen} other
   * @returns {number | null} null where it is not known yet
   */
  function findSame(study, other) {
    const own = display().index;
    if (study.id === other.study.id) {
      const voxels = findVoxels();
      if (voxels === null || other.voxels === null) return null;
      return findNearestSlice(voxels, other.voxels, other.display.index) ?? own;
    }
    if (other.sliceCount < 2) return own;
    const share = other.display.index / (other.sliceCount - 1);
    return Math.round(share * (countSlices() - 1));
  }

  /**
   * An answer does not move what somebody is looking at.
   * @param {Study} study which is shown next
   */
  function keepPlace({ id, series, prediction }) {
    if (shown?.id !== id || prediction === null || prediction === shown.prediction) return;
    const touched = displays.get(nameDisplay(shown));
    const before = findInput();
    if (touched === undefined || (before && !areSameStack(before, prediction.input))) return;
    const { opacity } = shown.prediction === null ? startDisplay(prediction) : touched;
    displays.set(nameDisplay({ id, series, prediction }), { ...touched, opacity });
  }

  /** @param {import('./display.js').DisplayCommand} command */
  function execute(command) {
    if (shown === null) return;
    const scan = { prediction: shown.prediction, voxels: findVoxels() };
    displays.set(nameDisplay(shown), changeDisplay(display(), command, scan));
    // The image of the answer has its window burned in; another window needs the voxels.
    const isWindow = command.kind === 'setWindow' || command.kind === 'moveWindow';
    if (isWindow && shown.prediction !== null) {
      listeners.onVolumeWanted(shown, false);
    }
    paint();
    tell(shown, 'command');
  }

  /**
   * @param {{ x: number, y: number }} point in shares of the canvas
   * @returns {{ x: number, y: number }} in shares of the slice
   */
  function findInSlice(point) {
    const { x, y, width, height } = place ?? { x: 0, y: 0, width: 1, height: 1 };
    return { x: (point.x * canvas.width - x) / width, y: (point.y * canvas.height - y) / height };
  }

  /** @param {{ x: number, y: number }} point in shares of the canvas */
  function describePoint(point) {
    const voxels = findVoxels();
    const found = voxels && probe(voxels, display().index, findInSlice(point));
    return found === null ? '' : describeProbe(found);
  }

  /** @param {Display} now */
  function findPicture(now) {
    if (shown === null) return null;
    const { index, inverted } = now;
    const voxels = findVoxels();
    const window = findWindow(now, shown.prediction, voxels);
    const view = findInput()?.view;
    if (voxels !== null && view) {
      const range = window ?? { lower: voxels.least, upper: voxels.largest };
      return { picture: paintSlice(voxels, index, range, inverted), size: view, inverted: false };
    }
    const picture = bitmapCache.get(shown);
    const isOther = view !== undefined && view.slice_index !== index;
    return picture === null || isOther ? null : { picture, size: view ?? picture, inverted };
  }

  function paint() {
    if (shown === null) return;
    const now = display();
    const { prediction, name } = shown;
    const found = findPicture(now);
    const kind = prediction && (now.tumor ?? findKind(prediction, now.index));
    const layer = prediction && bitmapCache.getLayer(prediction, now.index, kind ?? '');
    const map = layer && { layer, opacity: now.opacity };
    place = drawSlice(canvas, found?.picture ?? null, found && map, {
      ...found,
      viewport: now.viewport,
    });
    if (place !== null && now.ruler !== null) drawRuler(canvas, place, now.ruler);
    const input = findInput();
    const side = input && measurePixel(input);
    const perMm =
      place === null || input === null || side === null
        ? 0
        : place.width / window.devicePixelRatio / (input.view.width * side);
    overlay.update(place && input, perMm);
    canvas.classList.toggle('enlarged', now.viewport.zoom > 1 || tools.dragging !== 'pan');
    figure.setAttribute('aria-label', name);
    canvas.setAttribute(
      'aria-label',
      translate(found ? 'slice.name' : 'slice.noPreview', { study: name }),
    );
    setText(words, found || bitmapCache.isDecoding ? '' : describeMissing(shown, volume));
    setText(caption, input === null ? '' : describeSeen(input, now.index));
    const forStaff = wording === 'staff' && prediction !== null;
    const measured = input && now.ruler ? describeRuler(now.ruler, input) : '';
    setText(figures, measured || (forStaff ? describeFigures(prediction, now.index) : ''));
    setText(loading, describeVolume(volume, countSlices()));
    retry.hidden = volume?.state !== 'failed';
    tools.element.hidden = found === null && prediction === null;
    const voxels = findVoxels();
    const hasFinding = forStaff && prediction.findings.length > 0;
    tools.update(now, findWindow(now, prediction, voxels), countSlices(), voxels, hasFinding);
    control.update(prediction, now, wording);
  }

  return {
    figure,
    /** The place for further buttons. */
    buttons: tools.buttons,
    square,
    curvePlace,
    execute,
    closeMenu: tools.closeMenu,
    keepOnly: bitmapCache.keepOnly,
    /**
     * @param {Study} study
     * @param {Volume | null} itsVolume
     * @param {import('../../state/session.js').Wording} itsWording figures and technical terms are for staff
     */
    update(study, itsVolume, itsWording) {
      const changed = shown !== study || volume !== itsVolume || wording !== itsWording;
      keepPlace(study);
      shown = study;
      volume = itsVolume;
      wording = itsWording;
      bitmapCache.request(study);
      if (!changed) return;
      paint();
      tell(study, 'study');
    },
    /**
     * Follows another view, with the same zoom: of the same examination the slice that lies at the same place, where
     * the slices lie across none; else the same relative position along the slices.
     * @param {Seen} other
     */
    follow(other) {
      const index = shown && findSame(shown, other);
      if (shown === null || index === null) return;
      const { viewport } = other.display;
      displays.set(nameDisplay(shown), { ...display(), index, viewport });
      paint();
      tell(shown, 'other');
    },
  };
}

/**
 * Each answer has its own slice and window, and each series that is seen without one.
 * @param {Pick<Study, 'id' | 'series' | 'prediction'>} study
 */
function nameDisplay({ id, series, prediction }) {
  return `${id} ${prediction?.id ?? series ?? ''}`;
}
