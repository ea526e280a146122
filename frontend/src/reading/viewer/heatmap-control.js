import { findHeatColor } from '../../answer/class-colors.js';
import { describeClass } from '../../answer/decision.js';
import { translate } from '../../i18n/translate.js';
import { createButton, createElement } from '../../shell/element.js';
import { listHeatmaps } from '../pixels/bitmap-cache.js';
import './heatmap-control.css';

/** @typedef {import('../../api/client.js').PredictionAnswer} PredictionAnswer */

const START_PERCENT = 45;

/**
 * The opacity of the heat map over the slice, its colour scale, and the slices that have one.
 * @param {HTMLElement} root
 * @param {{ onChange: () => void, onSlice: (index: number) => void }} listeners
 */
export function createHeatmapControl(root, { onChange, onSlice }) {
  let isChosen = false;
  /** @type {PredictionAnswer | null} */
  let shown = null;
  const words = createElement('span');
  const slider = createElement('input', {
    type: 'range',
    min: '0',
    max: '100',
    value: String(START_PERCENT),
    oninput: () => {
      isChosen = true;
      onChange();
    },
  });
  const ramp = createElement('span', { className: 'heatmap-ramp' });
  ramp.setAttribute('aria-hidden', 'true');
  const legend = createElement('span', { className: 'heatmap-legend' }, [
    createElement('span', { textContent: translate('heatmap.low') }),
    ramp,
    createElement('span', { textContent: translate('heatmap.high') }),
  ]);
  const places = createElement('div', { className: 'heatmap-places' });
  const control = createElement('div', { className: 'heatmap-control', hidden: true }, [
    createElement('label', {}, [words, slider]),
    legend,
    places,
  ]);
  root.append(control);

  /** @param {PredictionAnswer} prediction */
  function build(prediction) {
    const isNone = prediction.decision === 'no_tumor';
    const kind = describeClass(prediction.explanation?.label ?? '');
    words.textContent = translate(isNone ? 'heatmap.littleFor' : 'heatmap.for', { kind });
    // Even a map of weak evidence has a brightest place: it is hidden until somebody raises the opacity.
    if (!isChosen) slider.value = String(isNone ? 0 : START_PERCENT);
    control.style.setProperty('--heat', findHeatColor(prediction));
    const indices = listHeatmaps(prediction).map(({ slice_index }) => slice_index);
    places.hidden = prediction.input.slice_count < 2;
    places.replaceChildren(
      translate('heatmap.onSlices'),
      ...indices.sort((one, other) => one - other).map((index) => createPlace(index, onSlice)),
    );
  }

  return {
    /** 0 to 1 */
    get opacity() {
      return Number(slider.value) / 100;
    },
    /**
     * @param {PredictionAnswer | null} prediction
     * @param {number} [index] of the slice that is seen
     */
    update(prediction, index) {
      const explained = prediction?.explanation ? prediction : null;
      control.hidden = explained === null;
      if (explained !== null && explained !== shown) build(explained);
      shown = explained;
      for (const button of places.querySelectorAll('button')) {
        button.setAttribute('aria-pressed', String(button.value === String(index)));
      }
    },
  };
}

/**
 * @param {number} index
 * @param {(index: number) => void} onSlice
 */
function createPlace(index, onSlice) {
  const button = createButton(String(index + 1), () => onSlice(index), { value: String(index) });
  button.setAttribute('aria-label', translate('heatmap.goToSlice', { number: index + 1 }));
  return button;
}
