import { formatNumber } from '../../i18n/format.js';
import { formatProgress } from '../../i18n/percentage.js';
import { translate } from '../../i18n/translate.js';
import { createButton, createElement } from '../../shell/element.js';
import { makeWindow } from '../pixels/window-table.js';
import { findRange } from './display.js';
import { ZOOM_STEP } from './slice-keys.js';
import { createSlider } from './slider.js';
import './slice-tools.css';

/** @typedef {import('./display.js').Display} Display */
/** @typedef {import('./display.js').DisplayCommand} DisplayCommand */
/** @typedef {import('../pixels/window-table.js').IntensityWindow} IntensityWindow */

const STEPS = 500;

/**
 * The controls of the slice: position, window, zoom, inversion.
 * @param {HTMLElement} root
 * @param {(command: DisplayCommand) => void} onCommand
 */
export function createSliceTools(root, onCommand) {
  let dragsWindow = false;
  /** @type {{ window: IntensityWindow, range: import('./display.js').Range } | null} */
  let windowing = null;

  const slice = createSlider(translate('viewer.slice'), (number) =>
    onCommand({ kind: 'go', index: number - 1 }),
  );
  const level = createSlider(translate('viewer.level'), (value) => {
    if (windowing === null) return;
    const { window, range } = windowing;
    setWindow(value, window.upper - window.lower, range);
  });
  const width = createSlider(translate('viewer.width'), (value) => {
    if (windowing === null) return;
    const { window, range } = windowing;
    setWindow((window.lower + window.upper) / 2, value, range);
  });
  const dragging = createToggle(translate('viewer.dragWindow'), () => {
    dragsWindow = !dragsWindow;
    dragging.setAttribute('aria-pressed', String(dragsWindow));
  });
  const invert = createToggle(translate('viewer.invert'), () => onCommand({ kind: 'invert' }));
  const zoom = createElement('span', { className: 'zoom' });
  const buttons = createElement('div', { className: 'tool-buttons' }, [
    dragging,
    invert,
    createSignButton('−', translate('viewer.zoomOut'), () => zoomBy(1 / ZOOM_STEP)),
    zoom,
    createSignButton('+', translate('viewer.zoomIn'), () => zoomBy(ZOOM_STEP)),
    createButton(translate('viewer.reset'), () => onCommand({ kind: 'reset' })),
  ]);
  const windows = createElement('div', { className: 'tool-windows' }, [
    level.element,
    width.element,
  ]);
  const tools = createElement('div', { className: 'slice-tools' }, [
    slice.element,
    windows,
    buttons,
  ]);
  tools.setAttribute('role', 'group');
  tools.setAttribute('aria-label', translate('viewer.tools'));
  root.append(tools);

  /**
   * @param {number} center
   * @param {number} extent
   * @param {import('./display.js').Range} range
   */
  function setWindow(center, extent, range) {
    onCommand({ kind: 'setWindow', window: makeWindow(center, extent, range) });
  }

  /** @param {number} factor */
  function zoomBy(factor) {
    onCommand({ kind: 'zoom', factor });
  }

  return {
    element: tools,
    buttons,
    /** Whether a drag over the slice changes the window. */
    get dragsWindow() {
      return dragsWindow && windowing !== null;
    },
    /**
     * @param {Display} display
     * @param {number} sliceCount
     * @param {import('../pixels/voxels.js').Voxels | null} voxels
     */
    update(display, sliceCount, voxels) {
      slice.element.hidden = sliceCount < 2;
      const place = translate('viewer.place', { index: display.index + 1, count: sliceCount });
      slice.update({ least: 1, largest: sliceCount, step: 1 }, display.index + 1, place);
      windows.hidden = display.window === null;
      dragging.hidden = display.window === null;
      invert.setAttribute('aria-pressed', String(display.inverted));
      zoom.textContent = formatProgress(display.viewport.zoom);
      windowing = null;
      if (display.window === null) return;
      const { lower, upper } = display.window;
      const range = findRange(voxels, display.window);
      windowing = { window: display.window, range };
      const extent = range.largest - range.least;
      const step = extent / STEPS;
      const center = (lower + upper) / 2;
      level.update({ ...range, step }, center, formatLevel(center));
      width.update(
        { least: step, largest: extent, step },
        upper - lower,
        formatLevel(upper - lower),
      );
    },
  };
}

/** @param {number} intensity */
function formatLevel(intensity) {
  return formatNumber(intensity, { maximumSignificantDigits: 4, useGrouping: false });
}

/**
 * @param {string} sign
 * @param {string} name which the sign alone does not say
 * @param {() => void} onclick
 */
function createSignButton(sign, name, onclick) {
  const button = createButton(sign, onclick, { title: name });
  button.setAttribute('aria-label', name);
  return button;
}

/**
 * @param {string} textContent
 * @param {() => void} onclick
 */
function createToggle(textContent, onclick) {
  const button = createButton(textContent, onclick);
  button.setAttribute('aria-pressed', 'false');
  return button;
}
