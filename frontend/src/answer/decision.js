import { joinWords } from '../i18n/format.js';
import { isMessageKey, translate } from '../i18n/translate.js';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

// The label of a two-class model, which names no kind of tumour.
const UNSTATED_KIND = 'tumor';

/**
 * In the page's spelling; a class that the page does not know is named as in the answer.
 * @param {string} className
 */
export function describeClass(className) {
  const key = `class.${className}`;
  if (isMessageKey(key)) return translate(key);
  return className.replaceAll('_', ' ').replaceAll(/\btumor\b/g, 'tumour');
}

/** @param {string[]} classNames */
function describeDoubt(classNames) {
  if (classNames.length < 2) return translate('decision.uncertain');
  const kinds = joinWords(classNames.map(describeClass), 'disjunction');
  return translate('decision.uncertainOf', { kinds });
}

/**
 * The decision as a sentence for staff.
 * @param {PredictionAnswer} prediction
 * @returns {string}
 */
export function describeDecision(prediction) {
  switch (prediction.decision) {
    case 'tumor':
      return prediction.label === null || prediction.label === UNSTATED_KIND
        ? translate('decision.tumor')
        : translate('decision.tumorOfKind', { kind: describeClass(prediction.label) });
    case 'no_tumor':
      return translate('decision.noTumor');
    case 'uncertain':
      return describeDoubt(prediction.prediction_set ?? []);
    case 'out_of_scope':
      return translate('decision.outOfScope');
  }
}

/**
 * The decision as a sentence for a patient, and what it does not mean.
 * @param {PredictionAnswer} prediction
 * @returns {{ headline: string, caution: string }}
 */
export function explainDecision(prediction) {
  switch (prediction.decision) {
    case 'tumor':
      return {
        headline: translate('patient.tumor'),
        caution: translate('patient.tumor.caution'),
      };
    case 'no_tumor':
      return {
        headline: translate('patient.noTumor'),
        caution: translate('patient.noTumor.caution'),
      };
    case 'uncertain':
      return {
        headline: translate('patient.uncertain'),
        caution: translate('patient.uncertain.caution'),
      };
    case 'out_of_scope':
      return { headline: translate('decision.outOfScope'), caution: '' };
  }
}
