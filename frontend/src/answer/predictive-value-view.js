import { translate } from '../i18n/translate.js';
import { MODEL_HASH } from '../model/model-route.js';
import { createElement } from '../shell/element.js';
import { keepPreference, readPreference } from '../shell/preferences.js';
import {
  areMany,
  describeBasis,
  describePredictiveValue,
  findRates,
  readPercent,
} from './predictive-value.js';
import './predictive-value-view.css';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {import('../model/decisions.js').Decisions} Decisions */

const PREFERENCE = 'prevalence';

/**
 * The predictive value of the answer at the site's own prevalence of tumours, and what it rests on; where few people were
 * measured, that alone.
 * @param {HTMLElement} root
 */
export function createPredictiveValueView(root) {
  /** @type {import('./predictive-value.js').Rates[]} */
  let rates = [];
  let shown = '';
  const input = createElement('input', {
    type: 'text',
    inputMode: 'decimal',
    autocomplete: 'off',
    value: readPreference(PREFERENCE) ?? '',
    oninput: () => {
      keepPreference(PREFERENCE, input.value);
      paint();
    },
  });
  const sentence = createElement('p', { className: 'predictive-value-sentence' });
  sentence.setAttribute('role', 'status');
  const why = createElement('p', {
    id: 'predictive-value-why',
    className: 'predictive-value-basis',
    textContent: translate('predictiveValue.why'),
  });
  input.setAttribute('aria-describedby', why.id);
  const basis = createElement('div', { className: 'predictive-value-basis' });
  const ofMany = createElement('div', { className: 'predictive-value' }, [
    createElement('label', {}, [
      createElement('span', { textContent: translate('predictiveValue.prevalence') }),
      input,
    ]),
    why,
    sentence,
  ]);
  const ofFew = createElement('p', { textContent: translate('predictiveValue.few') });
  const section = createElement('section', { className: 'predictive-value', hidden: true }, [
    createElement('h3', { textContent: translate('predictiveValue.title') }),
    ofMany,
    ofFew,
    basis,
    createElement('a', {
      href: MODEL_HASH,
      textContent: translate('predictiveValue.decisions'),
    }),
  ]);
  root.append(section);

  function paint() {
    const [first] = rates;
    if (first === undefined) return;
    const percent = readPercent(input.value);
    const isWrong = percent === null && input.value.trim() !== '';
    input.setAttribute('aria-invalid', String(isWrong));
    sentence.textContent = isWrong
      ? translate('predictiveValue.invalid')
      : describePredictiveValue(first, percent);
  }

  return {
    /**
     * @param {PredictionAnswer | null} prediction
     * @param {Decisions | null} decisions of the model that answered; null until they are known
     */
    update(prediction, decisions) {
      rates = prediction && decisions ? findRates(prediction, decisions) : [];
      section.hidden = rates.length === 0;
      ofMany.hidden = !rates.every(areMany);
      ofFew.hidden = !ofMany.hidden;
      const sentences = rates.map(describeBasis);
      if (sentences.join() !== shown) {
        shown = sentences.join();
        basis.replaceChildren(
          ...sentences.map((textContent) => createElement('p', { textContent })),
        );
      }
      paint();
    },
  };
}
