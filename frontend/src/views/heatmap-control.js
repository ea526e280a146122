import { assignClassColors } from '../class-colors.js';
import { describeClass } from '../decision.js';
import { translate } from '../i18n/translate.js';
import { createElement } from './element.js';
import './heatmap-control.css';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

const START_PERCENT = 45;

/**
 * How strongly the map of what speaks for a class lies over the slice, and what its color means.
 * @param {HTMLElement} root
 * @param {() => void} onChange
 */
export function createHeatmapControl(root, onChange) {
  let isChosen = false;
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
    createElement('span', { textContent: translate('heatmap.nothing') }),
    ramp,
    createElement('span', { textContent: translate('heatmap.most') }),
  ]);
  const control = createElement('div', { className: 'heatmap-control', hidden: true }, [
    createElement('label', {}, [words, slider]),
    legend,
  ]);
  root.append(control);

  return {
    /** 0 to 1 */
    get opacity() {
      return Number(slider.value) / 100;
    },
    /** @param {PredictionAnswer | null} prediction */
    update(prediction) {
      const explanation = prediction?.explanation ?? null;
      control.hidden = explanation === null;
      if (explanation === null || prediction === null) return;
      const isNone = prediction.decision === 'no_tumor';
      words.textContent = translate(isNone ? 'heatmap.littleFor' : 'heatmap.for', {
        kind: describeClass(explanation.label),
      });
      // A map has a brightest place even where next to nothing was found: there it is shown on request only.
      if (!isChosen) slider.value = String(isNone ? 0 : START_PERCENT);
      control.style.setProperty('--heat', findHeatColor(prediction));
    },
  };
}

/**
 * The color of the class that is explained, as everywhere.
 * @param {PredictionAnswer} prediction
 */
export function findHeatColor({ explanation, probabilities }) {
  const label = explanation?.label ?? '';
  return assignClassColors(Object.keys(probabilities ?? {})).get(label) ?? '#e69f00';
}
