/** @typedef {import('./api/client.js').PredictionAnswer} PredictionAnswer */

// A model of two classes knows tumours only as such: this label names no kind.
const UNSTATED_KIND = 'tumor';

/** @param {string} className as the answer names it */
export function describeClass(className) {
  return className.replaceAll('_', ' ');
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
 * The decision as a sentence.
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
