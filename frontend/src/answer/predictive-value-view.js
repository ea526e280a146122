import { translate } from '../i18n/translate.js';
import { MODEL_HASH } from '../model/model-route.js';
import { createElement } from '../shell/element.js';
import { keepPreference, readPreference } from '../shell/preferences.js';
import { describeBasis, describePredictiveValue, readPercent } from './predictive-value.js';
import './predictive-value-view.css';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

const PREFERENCE = 'prevalence';

/**
 * The predictive value of the answer at the site's own prevalence of tumours.
 * @param {HTMLElement} root
 */
export function createPredictiveValueView(root) {
  /** @type {PredictionAnswer | null} */
  let shown = null;
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
  const basis = createElement('p', { className: 'predictive-value-basis' });
  const ofImages = createElement('div', { className: 'predictive-value' }, [
    createElement('label', {}, [
      createElement('span', { textContent: translate('predictiveValue.prevalence') }),
      input,
    ]),
    why,
    sentence,
    basis,
  ]);
  const ofVolumes = createElement('p', {}, [
    `${translate('predictiveValue.fewVolumes')} `,
    createElement('a', {
      href: MODEL_HASH,
      textContent: translate('predictiveValue.decisions'),
    }),
  ]);
  const section = createElement('section', { className: 'predictive-value', hidden: true }, [
    createElement('h3', { textContent: translate('predictiveValue.title') }),
    ofImages,
    ofVolumes,
  ]);
  root.append(section);

  function paint() {
    if (shown === null) return;
    const percent = readPercent(input.value);
    const isWrong = percent === null && input.value.trim() !== '';
    input.setAttribute('aria-invalid', String(isWrong));
    sentence.textContent = isWrong
      ? translate('predictiveValue.invalid')
      : describePredictiveValue(shown, percent);
    basis.textContent = describeBasis(shown);
  }

  return {
    /** @param {PredictionAnswer | null} prediction */
    update(prediction) {
      if (prediction === shown) return;
      shown = prediction;
      section.hidden = prediction === null || describeBasis(prediction) === '';
      // The rates are those of single images, and volumes are answered by limits of their own.
      ofVolumes.hidden = (prediction?.input.slice_count ?? 1) === 1;
      ofImages.hidden = !ofVolumes.hidden;
      paint();
    },
  };
}
