import { describeClass } from '../answer/decision.js';
import { describeFacts } from '../answer/study-facts.js';
import { joinWords } from '../i18n/format.js';
import { getLocale, translate } from '../i18n/translate.js';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {import('../state/study.js').Study} Study */
/** @typedef {import('../state/session.js').Wording} Wording */

/**
 * The provenance of the prediction, as terms and values: all that is needed to find or repeat it; for a patient which
 * model it was, and when.
 * @param {Study} study
 * @param {PredictionAnswer} prediction
 * @param {Wording} wording
 * @returns {[string, string][]}
 */
export function listReportFacts(study, prediction, wording) {
  const { name, version } = prediction.model;
  if (wording === 'patient') {
    return [
      [translate('facts.model'), `${name} ${version}`],
      [translate('report.analysedAt'), describeTime(study.answeredAt)],
    ];
  }
  /** @type {[string, string][]} */
  const facts = [
    ...describeFacts(prediction),
    [translate('report.modelSha256'), prediction.model.sha256],
    [translate('report.inputSha256'), prediction.input.sha256],
    [translate('report.analysedAt'), describeTime(study.answeredAt)],
    [translate('report.requestId'), study.requestId],
  ];
  return facts.filter(([, words]) => words !== '');
}

/** @param {number | null} timeMs */
function describeTime(timeMs) {
  if (timeMs === null) return '';
  return new Date(timeMs).toLocaleString(getLocale(), { dateStyle: 'long', timeStyle: 'long' });
}

/**
 * @param {PredictionAnswer} prediction
 * @returns {string} empty where the model has no such sets
 */
export function describePredictionSet({ prediction_set }) {
  if (prediction_set === null) return '';
  if (prediction_set.length === 0) return translate('report.emptySet');
  return translate('report.predictionSet', { kinds: joinWords(prediction_set.map(describeClass)) });
}
