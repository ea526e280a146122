import { joinWords } from '../i18n/format.js';
import { formatPercentage, formatProgress } from '../i18n/percentage.js';
import { inPageLanguage } from '../i18n/sentence.js';
import { translate } from '../i18n/translate.js';
import { describeEarlierModel } from '../model/model-change.js';
import { isReady } from '../state/service.js';
import { hasFiles } from '../state/study.js';
import { describeDecision, explainDecision } from './decision.js';
import { canRetry, describeFailure, describeWait } from './failure-message.js';
import { describeReason, describeWarning } from './service-messages.js';
import { describePlane } from './study-facts.js';

/** @typedef {import('../state/session.js').Study} Study */
/** @typedef {import('../state/service.js').Service} Service */
/** @typedef {import('../state/session.js').Wording} Wording */
/** @typedef {import('../i18n/sentence.js').Sentence} Sentence */
/** @typedef {import('../api/failure.js').ServiceFailure} ServiceFailure */
/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

/**
 * A study, in words.
 * @typedef {object} StudyDescription
 * @property {string} headline
 * @property {Sentence[]} sentences
 * @property {string} trace the failure's code and request id
 * @property {boolean} failed
 * @property {boolean} cancellable
 * @property {Wording | null} otherWording in which a prediction can be read as well
 * @property {string | null} restart the words on the button that analyses it again; null where that cannot help
 */

// These make the answer itself less certain; other warnings say what was done with the file.
const LESS_CERTAIN = new Set([
  'low_resolution',
  'clipped_intensities',
  'sequence_hardly_seen',
  'kind_hardly_seen',
  'plane_hardly_seen',
  'missing_slices',
  'other_body_part',
  'localizer',
  'derived_map',
]);

/**
 * Whether it stands with the decision, and not with what was done with the file.
 * @param {PredictionAnswer['input']['warnings'][number]} warning
 */
function makesLessCertain({ code }) {
  return LESS_CERTAIN.has(code);
}

/**
 * What was done with the file, without what a reason of the decision says in the same words.
 * @param {PredictionAnswer} prediction
 */
export function describeFileWarnings({ input, reasons }) {
  const said = reasons.map((reason) => describeReason(reason, 'staff').text);
  return input.warnings
    .filter((warning) => !makesLessCertain(warning))
    .map(describeWarning)
    .filter(({ text }) => !said.includes(text));
}

/**
 * The decision in a word or two, with its probability; before it the step that the study is at.
 * @param {Study} study
 * @param {Wording} wording
 */
export function describeOutcome(study, wording) {
  const { phase, prediction } = study;
  if (phase !== 'done' || prediction === null || wording === 'patient') {
    return describeStep(study, wording);
  }
  const { decision, tumor_probability } = prediction;
  const outcome = translate(`outcome.${decision}`);
  if (tumor_probability === null) return outcome;
  const percentage = formatPercentage(tumor_probability);
  // Beside any other decision the figure says that it is that of a tumour.
  if (decision === 'tumor') return `${outcome} · ${percentage}`;
  return translate('outcome.withProbability', { outcome, percentage });
}

/**
 * The step the study is at, or its decision.
 * @param {Study} study
 * @param {Wording} wording
 */
export function describeStep(study, wording) {
  if (study.phase === 'done' && study.prediction !== null) {
    return wording === 'staff'
      ? describeDecision(study.prediction)
      : explainDecision(study.prediction).headline;
  }
  const reading = findReading(study);
  if (study.phase === 'analysing' && reading !== null) return translate('step.reading', reading);
  return translate(`step.${study.phase}`, { percentage: formatProgress(study.uploaded) });
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
  const headline = translate(`study.${study.phase}`, {
    percentage: formatProgress(study.uploaded),
  });
  const settled = { ...pending, cancellable: false };
  switch (study.phase) {
    case 'waiting':
      return { ...pending, ...describeWaiting(service) };
    case 'uploading':
      return { ...pending, headline };
    case 'analysing':
      return { ...pending, headline, sentences: describeAnalysis(study) };
    case 'cancelled':
      return hasFiles(study)
        ? { ...settled, headline, restart: translate('decision.analyseAgain') }
        : { ...settled, headline, sentences: [inPageLanguage(translate('study.filesGone'))] };
    case 'failed':
      return study.failure === null
        ? { ...settled, headline }
        : { ...settled, ...describeFailedStudy(study.failure, hasFiles(study)) };
    case 'done':
      return study.prediction === null
        ? { ...settled, headline }
        : withModelChange(study, service, {
            ...settled,
            ...describePrediction(study.prediction, wording),
            // An example whose image went with a reload; of other files the page has nothing to send.
            restart:
              study.files === null && hasFiles(study) ? translate('decision.analyseAgain') : null,
          });
  }
}

/**
 * @param {Service} service
 * @returns {{ headline: string, sentences: Sentence[] }}
 */
function describeWaiting(service) {
  const { retryInS } = service;
  if (isReady(service) && retryInS !== null) {
    const words =
      retryInS === 1
        ? translate('study.retry.one')
        : translate('study.retry.other', { count: retryInS });
    return { headline: translate('study.busy'), sentences: [inPageLanguage(words)] };
  }
  const words = isReady(service)
    ? translate('study.waitsForTurn')
    : translate('study.waitsForService');
  return { headline: translate('study.waiting'), sentences: [inPageLanguage(words)] };
}

/**
 * The slice that is being read, counted from one.
 * @param {Study} study
 * @returns {{ position: number, count: number } | null} null where there is but one slice
 */
function findReading({ read }) {
  if (read === null || read.total < 2) return null;
  return { position: Math.min(read.done + 1, read.total), count: read.total };
}

/** @param {Study} study */
function describeAnalysis(study) {
  const reading = findReading(study);
  return reading === null ? [] : [inPageLanguage(translate('study.reading', reading))];
}

/**
 * @param {ServiceFailure} failure
 * @param {boolean} isSendable
 */
function describeFailedStudy(failure, isSendable) {
  const { happened, advice } = describeFailure(failure);
  const requestId = failure.requestId && translate('decision.request', { id: failure.requestId });
  const sentences = [advice, inPageLanguage(describeWait(failure))];
  return {
    headline: happened,
    sentences: sentences.filter(({ text }) => text !== ''),
    trace: [failure.code, requestId].filter((part) => part !== '').join(' · '),
    failed: true,
    restart: canRetry(failure) && isSendable ? translate('decision.tryAgain') : null,
  };
}

/**
 * @param {PredictionAnswer} prediction
 * @param {Wording} wording
 * @returns {{ headline: string, sentences: Sentence[], otherWording: Wording }}
 */
function describePrediction(prediction, wording) {
  const reasons = prediction.reasons.map((reason) => describeReason(reason, wording));
  if (wording === 'staff') {
    return {
      headline: describeDecision(prediction),
      sentences: [
        ...prediction.input.warnings.filter(makesLessCertain).map(describeWarning),
        ...describeProbability(prediction, 'decision.probability'),
        ...describeBasis(prediction),
        ...reasons,
      ],
      otherWording: 'patient',
    };
  }
  const { headline, caution } = explainDecision(prediction);
  const isFlawed = prediction.input.warnings.some(makesLessCertain);
  const cautions = [isFlawed ? translate('patient.flawed') : '', caution];
  return {
    headline,
    sentences: [
      ...reasons,
      ...cautions.filter((text) => text !== '').map(inPageLanguage),
      ...describeProbability(prediction, 'patient.probability'),
      inPageLanguage(translate('patient.next')),
    ],
    otherWording: 'staff',
  };
}

/**
 * @param {Study} study
 * @param {Service} service
 * @param {StudyDescription} description
 * @returns {StudyDescription} with the offer to analyse again what another model has judged
 */
function withModelChange(study, service, description) {
  const words = describeEarlierModel(study, service);
  if (words === '') return description;
  return {
    ...description,
    sentences: [...description.sentences, inPageLanguage(words)],
    restart: hasFiles(study) ? translate('decision.analyseAgain') : null,
  };
}

/**
 * The slices that the answer to a volume rests on.
 * @param {PredictionAnswer} prediction
 */
export function describeBasis({ decision, findings }) {
  const [finding] = findings;
  if (finding === undefined) return [];
  const { slices, extent_mm, planes } = finding;
  const values = {
    first: slices[0] + 1,
    last: slices[1] + 1,
    extent: Math.round(extent_mm),
    planes: joinWords(planes.map(describePlane)),
  };
  const key = decision === 'tumor' ? 'decision.basis' : 'decision.mostEvidence';
  return [inPageLanguage(translate(key, values))];
}

/**
 * @param {PredictionAnswer} prediction
 * @param {'decision.probability' | 'patient.probability'} key
 */
function describeProbability({ tumor_probability }, key) {
  if (tumor_probability === null) return [];
  return [inPageLanguage(translate(key, { percentage: formatPercentage(tumor_probability) }))];
}
