import { formatPercentage } from '../i18n/percentage.js';
import { translate } from '../i18n/translate.js';
import { createElement } from '../shell/element.js';
import { assignClassColors } from './class-colors.js';
import { describeClass } from './decision.js';
import './probability-bars.css';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

/**
 * One bar for each class of the answer, in the answer's order, all on the scale from 0 to 1.
 * @param {HTMLElement} root
 */
export function createProbabilityBars(root) {
  /** @type {PredictionAnswer | null} */
  let shown = null;
  const list = createElement('ul');
  const section = createElement('section', { className: 'probability-bars', hidden: true }, [
    createElement('h3', { textContent: translate('bars.title') }),
    list,
  ]);
  root.append(section);

  return {
    /** @param {PredictionAnswer | null} prediction */
    update(prediction) {
      if (prediction === shown) return;
      shown = prediction;
      const probabilities = prediction?.probabilities ?? null;
      section.hidden = probabilities === null;
      section.classList.toggle('uncertain', prediction?.decision === 'uncertain');
      list.replaceChildren(...createBars(probabilities ?? {}));
    },
  };
}

/** @param {Record<string, number>} probabilities */
function createBars(probabilities) {
  const colors = assignClassColors(Object.keys(probabilities));
  return Object.entries(probabilities).map(([name, probability]) => {
    const bar = createElement('span', { className: 'bar' });
    bar.style.setProperty('--probability', String(probability));
    bar.style.setProperty('--class-color', colors.get(name) ?? '');
    return createElement('li', {}, [
      createElement('span', { className: 'bar-label', textContent: describeClass(name) }),
      createElement('span', { className: 'bar-track' }, [bar]),
      createElement('span', {
        className: 'bar-number',
        textContent: formatPercentage(probability),
      }),
    ]);
  });
}
