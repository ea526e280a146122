import { describeDecision, explainDecision } from './decision.js';
import { canRetry, describeFailure, describeWait } from './messages.js';
import { formatPercentage, formatProgress } from './percentage.js';
import { isReady } from './state/service.js';

/** @typedef {import('./state/session.js').Study} Study */
/** @typedef {import('./state/service.js').Service} Service */
/** @typedef {import('./state/session.js').Wording} Wording */
/** @typedef {import('./api/failure.js').ServiceFailure} ServiceFailure */
/** @typedef {import('./api/client.js').PredictionAnswer} PredictionAnswer */

/**
 * All that is said of a study, as words.
 * @typedef {object} StudyDescription
 * @property {string} headline
 * @property {string[]} sentences
 * @property {string} trace the failure's code and request id
 * @property {boolean} failed
 * @property {boolean} cancellable
 * @property {Wording | null} otherWording in which a prediction can be read as well
 * @property {string | null} restart the words on the button that analyses it again; null where that cannot help
 */

/**
 * The step the study is at, in a few words, for the list.
 * @param {Study} study
 */
export function describeStep(study) {
  if (study.phase === 'uploading') return `uploading ${formatProgress(study.uploaded)}`;
  if (study.phase === 'analysing') return describeReading(study) ?? study.phase;
  if (study.prediction !== null && study.phase === 'done')
    return describeDecision(study.prediction);
  return study.phase;
}

/**
 * @param {Study} study
 * @param {Service} service
 * @param {Wording} wording
 * @returns {StudyDescription}
 */
export function describeStudy(study, service, wording) {
  const pending = {
    sentences: [],
    trace: '',
    failed: false,
    cancellable: true,
    otherWording: null,
    restart: null,
  };
  const settled = { ...pending, cancellable: false };
  switch (study.phase) {
    case 'waiting':
      return { ...pending, headline: 'Waiting', sentences: [describeWaiting(service)] };
    case 'uploading':
      return { ...pending, headline: `Uploading ${formatProgress(study.uploaded)}` };
    case 'analysing':
      return { ...pending, headline: 'Analysing', sentences: describeAnalysis(study) };
    case 'cancelled':
      return { ...settled, headline: 'Cancelled', restart: 'Analyse again' };
    case 'failed':
      return study.failure === null
        ? { ...settled, headline: 'Failed' }
        : { ...settled, ...describeFailedStudy(study.failure) };
    case 'done':
      return study.prediction === null
        ? { ...settled, headline: 'Done' }
        : { ...settled, ...describePrediction(study.prediction, wording) };
  }
}

/** @param {Service} service */
function describeWaiting(service) {
  return isReady(service)
    ? 'Studies are analysed one after another.'
    : 'The service is not ready. The analysis starts by itself as soon as it is.';
}

/**
 * @param {Study} study
 * @returns {string | null} null where there is but one slice
 */
function describeReading({ read }) {
  if (read === null || read.total < 2) return null;
  return `reading slice ${Math.min(read.done + 1, read.total)} of ${read.total}`;
}

/** @param {Study} study */
function describeAnalysis(study) {
  const words = describeReading(study);
  return words === null ? [] : [`${words.charAt(0).toUpperCase()}${words.slice(1)}`];
}

/** @param {ServiceFailure} failure */
function describeFailedStudy(failure) {
  const { happened, advice } = describeFailure(failure);
  const requestId = failure.requestId && `request ${failure.requestId}`;
  return {
    headline: happened,
    sentences: [advice, describeWait(failure)].filter((sentence) => sentence !== ''),
    trace: [failure.code, requestId].filter((part) => part !== '').join(' · '),
    failed: true,
    restart: canRetry(failure) ? 'Try again' : null,
  };
}

/**
 * @param {PredictionAnswer} prediction
 * @param {Wording} wording
 * @returns {{ headline: string, sentences: string[], otherWording: Wording }}
 */
function describePrediction(prediction, wording) {
  const probability =
    prediction.tumor_probability === null
      ? []
      : [`Tumour probability ${formatPercentage(prediction.tumor_probability)}`];
  if (wording === 'staff') {
    const reasons = prediction.reasons.map(({ message }) => message);
    return {
      headline: describeDecision(prediction),
      sentences: [...probability, ...reasons],
      otherWording: 'patient',
    };
  }
  const { headline, caution } = explainDecision(prediction);
  const reasons = prediction.reasons.map(({ patient_message }) => patient_message);
  return {
    headline,
    sentences: [...probability, ...reasons, ...(caution === '' ? [] : [caution])],
    otherWording: 'staff',
  };
}
