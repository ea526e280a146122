import { formatNumber } from '../../i18n/format.js';
import { formatProgress } from '../../i18n/percentage.js';
import { translate } from '../../i18n/translate.js';
import { createButton, createElement } from '../../shell/element.js';
import { attachRoving } from '../../shell/roving.js';
import { makeWindow } from '../pixels/window-table.js';
import { findRange, PRESETS } from './display.js';
import { ZOOM_STEP } from './slice-keys.js';
import { createSlider } from './slider.js';
import './slice-tools.css';

/** @typedef {import('./display.js').Display} Display */
/** @typedef {import('./display.js').DisplayCommand} DisplayCommand */
/** @typedef {import('../pixels/window-table.js').IntensityWindow} IntensityWindow */
/** @typedef {'pan' | 'window' | 'ruler'} Dragging what a drag over the slice does */

const STEPS = 500;

/**
 * The controls of the slice: position, window, zoom, inversion, ruler, full screen.
 * @param {HTMLElement} root shown in full screen
 * @param {(command: DisplayCommand) => void} onCommand
 */
export function createSliceTools(root, onCommand) {
  /** @type {Dragging} */
  let dragging = 'pan';
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
  const presets = PRESETS.map((preset) =>
    createToggle(translate(`viewer.window.${preset}`), () =>
      onCommand({ kind: 'setWindow', window: preset }),
    ),
  );
  const dragWindow = createToggle(translate('viewer.dragWindow'), () => chooseDragging('window'));
  const ruler = createToggle(translate('viewer.ruler'), () => chooseDragging('ruler'));
  const invert = createToggle(translate('viewer.invert'), () => onCommand({ kind: 'invert' }));
  const zoom = createElement('span', { className: 'zoom' });
  const summary = createElement('summary', { textContent: translate('viewer.window') });
  const windows = createElement('details', { className: 'window-menu' }, [
    summary,
    createElement('div', { className: 'window-panel' }, [
      createElement('div', { className: 'window-presets' }, [...presets, dragWindow]),
      level.element,
      width.element,
    ]),
  ]);
  windows.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !windows.open) return;
    event.stopPropagation();
    windows.open = false;
    summary.focus();
  });
  const fullScreen = createButton(translate('viewer.fullScreen'), toggleFullScreen, {
    hidden: !document.fullscreenEnabled,
  });
  const toFinding = createButton(translate('viewer.toFinding'), () =>
    onCommand({ kind: 'toFinding' }),
  );
  const buttons = createElement('div', { className: 'tool-buttons' }, [
    windows,
    invert,
    createSignButton('−', translate('viewer.zoomOut'), () => zoomBy(1 / ZOOM_STEP)),
    zoom,
    createSignButton('+', translate('viewer.zoomIn'), () => zoomBy(ZOOM_STEP)),
    createButton(translate('viewer.reset'), () => onCommand({ kind: 'reset' })),
    ruler,
    fullScreen,
  ]);
  buttons.setAttribute('role', 'toolbar');
  buttons.setAttribute('aria-label', translate('viewer.tools'));
  const roving = attachRoving(buttons, ':scope > button, :scope > .window-menu > summary', [
    'ArrowLeft',
    'ArrowRight',
  ]);
  const tools = createElement('div', { className: 'slice-tools' }, [
    createElement('div', { className: 'slider-line' }, [slice.element, toFinding]),
    buttons,
  ]);
  root.append(tools);

  /** @param {Dragging} chosen which a second press ends */
  function chooseDragging(chosen) {
    dragging = dragging === chosen ? 'pan' : chosen;
    dragWindow.setAttribute('aria-pressed', String(dragging === 'window'));
    ruler.setAttribute('aria-pressed', String(dragging === 'ruler'));
    if (dragging !== 'ruler') onCommand({ kind: 'measure', line: null });
  }

  function toggleFullScreen() {
    if (document.fullscreenElement === null) root.requestFullscreen();
    else document.exitFullscreen();
  }

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
    /** @returns whether the window's menu was open */
    closeMenu() {
      const wasOpen = windows.open;
      windows.open = false;
      return wasOpen;
    },
    get dragging() {
      return dragging === 'window' && windowing === null ? 'pan' : dragging;
    },
    /**
     * @param {Display} display
     * @param {IntensityWindow | null} window that is shown
     * @param {number} sliceCount
     * @param {import('../pixels/voxels.js').Voxels | null} voxels
     * @param {boolean} hasFinding of the answer, among its slices
     */
    update(display, window, sliceCount, voxels, hasFinding) {
      toFinding.hidden = !hasFinding;
      slice.element.hidden = sliceCount < 2;
      const place = translate('viewer.place', { index: display.index + 1, count: sliceCount });
      slice.update({ least: 1, largest: sliceCount, step: 1 }, display.index + 1, place);
      windows.hidden = window === null;
      invert.setAttribute('aria-pressed', String(display.inverted));
      for (const [index, button] of presets.entries()) {
        button.setAttribute('aria-pressed', String(display.window === PRESETS[index]));
      }
      zoom.textContent = formatProgress(display.viewport.zoom);
      roving.refresh();
      windowing = null;
      if (window === null) return;
      const { lower, upper } = window;
      const range = findRange(voxels, window);
      windowing = { window, range };
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
