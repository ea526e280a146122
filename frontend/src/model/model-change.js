import { translate } from '../i18n/translate.js';

/** @typedef {import('../state/study.js').Study} Study */
/** @typedef {import('../state/service.js').Service} Service */

/**
 * Whether the study's result comes from another model than the service has now.
 * @param {Study} study
 * @param {Service} service
 */
export function isOfEarlierModel({ phase, prediction }, { modelSha256 }) {
  if (phase !== 'done' || prediction === null || modelSha256 === null) return false;
  return prediction.model.sha256 !== modelSha256;
}

/**
 * @param {Study[]} studies
 * @param {Service} service
 * @returns {string} empty where all results are of the model that the service has
 */
export function describeModelChange(studies, service) {
  const earlier = studies.findLast((study) => isOfEarlierModel(study, service));
  const before = earlier?.prediction?.model.version;
  const now = service.modelVersion;
  if (before === undefined || now === null) return '';
  return before === now
    ? translate('modelChange.sameVersion', { now })
    : translate('modelChange.sentence', { now, before });
}

/**
 * @param {Study} study
 * @param {Service} service
 * @returns {string} empty where the result is of the model that the service has
 */
export function describeEarlierModel(study, service) {
  if (!isOfEarlierModel(study, service) || study.prediction === null) return '';
  const before = study.prediction.model.version;
  return translate('modelChange.result', { before, now: service.modelVersion ?? '' });
}
