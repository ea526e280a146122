/** @typedef {import('./api/client.js').PredictionAnswer} PredictionAnswer */

// A model of two classes knows tumours only as such: this label names no kind.
const UNSTATED_KIND = 'tumor';

/**
 * In the page's own spelling.
 * @param {string} className as the answer names it
 */
export function describeClass(className) {
  return className.replaceAll('_', ' ').replaceAll(/\btumor\b/g, 'tumour');
}

/** @param {string[]} classNames */
function describeDoubt(classNames) {
  const names = classNames.map(describeClass);
  const last = names.pop();
  if (last === undefined || names.length === 0) return 'the model cannot decide here';
  if (names.length === 1) return `the model cannot tell ${names[0]} from ${last} here`;
  return `the model cannot tell ${names.join(', ')} and ${last} apart here`;
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
        ? 'Tumour likely'
        : `Tumour likely: ${describeClass(prediction.label)}`;
    case 'no_tumor':
      return 'No tumour seen';
    case 'uncertain':
      return `Not certain: ${describeDoubt(prediction.prediction_set ?? [])}`;
    case 'out_of_scope':
      return 'This does not look like a brain MRI';
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
        headline: 'The program sees signs of a tumour',
        caution:
          'Programs like this one make mistakes. Only a doctor can say what the pictures mean.',
      };
    case 'no_tumor':
      return {
        headline: 'The program sees no tumour',
        caution:
          'It knows three kinds of tumour, looks for nothing else, and can overlook one. Only a doctor can say what the pictures mean.',
      };
    case 'uncertain':
      return {
        headline: 'The program is not certain',
        caution: 'That means neither that there is a tumour nor that there is none.',
      };
    case 'out_of_scope':
      return { headline: 'This does not look like a brain MRI', caution: '' };
  }
}
