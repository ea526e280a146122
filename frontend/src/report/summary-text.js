import { describeClass, describeDecision } from '../answer/decision.js';
import { describeBasis } from '../answer/study-description.js';
import { formatPercentage } from '../i18n/percentage.js';
import { translate } from '../i18n/translate.js';

/** @typedef {import('../state/study.js').Study} Study */
/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

/**
 * A prediction in a few lines, to paste into a report: decision, figures, what it rests on, model, notice.
 * @param {Study} study
 * @param {PredictionAnswer} prediction of it
 */
export function writeSummary({ name }, prediction) {
  const figures = Object.entries(prediction.probabilities ?? {}).map(
    ([kind, share]) => `${describeClass(kind)} ${formatPercentage(share)}`,
  );
  const { model } = prediction;
  const lines = [
    `${name}: ${describeDecision(prediction)}`,
    figures.join(', '),
    ...describeBasis(prediction).map(({ text }) => text),
    `${translate('facts.model')}: ${model.name} ${model.version} (${model.sha256.slice(0, 12)})`,
    translate('page.notice'),
  ];
  return lines.filter((line) => line !== '').join('\n');
}

/**
 * The answer as JSON, with its own fields, but nothing in those of pictures.
 * @param {PredictionAnswer | null} prediction
 */
export function writeJson(prediction) {
  return JSON.stringify(prediction, dropPictures, 2);
}

/**
 * The session as JSON: one entry for each study, failed ones included.
 * @param {Study[]} studies
 */
export function writeSessionJson(studies) {
  const entries = studies.map(({ name, phase, prediction, failure, requestId }) => ({
    name,
    state: phase,
    request_id: (phase === 'failed' ? failure?.requestId : requestId) || null,
    failure: phase === 'failed' ? (failure?.code ?? null) : null,
    answer: phase === 'done' ? prediction : null,
  }));
  return JSON.stringify(entries, dropPictures, 2);
}

/**
 * @param {string} key
 * @param {unknown} value
 */
function dropPictures(key, value) {
  if (key.endsWith('_png')) return null;
  return key === 'by_kind' ? {} : value;
}
