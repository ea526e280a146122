/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {import('../api/failure.js').ServiceFailure} ServiceFailure */

/** @typedef {'waiting' | 'uploading' | 'analysing' | 'done' | 'failed' | 'cancelled'} Phase */

/**
 * What is analysed together: an image, a volume, a series. An example is known by its URL until its file is fetched.
 * @typedef {object} Study
 * @property {number} id
 * @property {string} name
 * @property {File[] | null} files
 * @property {string | null} exampleUrl
 * @property {string | null} series the UID of the one to read; null for the service's choice
 * @property {Phase} phase
 * @property {number} uploaded fraction in 0..1
 * @property {{ done: number, total: number } | null} read slices
 * @property {PredictionAnswer | null} prediction
 * @property {string} requestId of the prediction
 * @property {number | null} answeredAt in milliseconds since 1970
 * @property {boolean} interrupted it was lost once, with the service
 * @property {ServiceFailure | null} failure
 */

/** @typedef {{ name: string, files: File[] | null, exampleUrl: string | null }} StudySource */

/**
 * @typedef {{ type: 'studyStarted', id: number }
 *   | { type: 'exampleFetched', id: number, file: File }
 *   | { type: 'uploadProgressed', id: number, fraction: number }
 *   | { type: 'readingProgressed', id: number, done: number, total: number }
 *   | { type: 'predictionReceived', id: number, prediction: PredictionAnswer, requestId: string,
 *       answeredAt: number }
 *   | { type: 'studyFailed', id: number, failure: ServiceFailure }
 *   | { type: 'studyPostponed', id: number, interrupted: boolean }
 *   | { type: 'studyCancelled', id: number }
 *   | { type: 'seriesChosen', id: number, uid: string }
 *   | { type: 'studyRetried', id: number }} StudyAction
 */

/**
 * @param {number} id
 * @param {StudySource} source
 * @returns {Study}
 */
export function createStudy(id, source) {
  return {
    ...source,
    id,
    series: null,
    phase: 'waiting',
    uploaded: 0,
    read: null,
    prediction: null,
    requestId: '',
    answeredAt: null,
    interrupted: false,
    failure: null,
  };
}

/**
 * Whether the page still has what it can send; after a reload it has not.
 * @param {Study} study
 */
export function hasFiles({ files, exampleUrl }) {
  return files !== null || exampleUrl !== null;
}

/**
 * The series of an answered study that were not read.
 * @param {Study} study
 * @returns {PredictionAnswer['input']['series']} none where the files are gone
 */
export function listOtherSeries({ files, prediction }) {
  if (files === null || prediction === null) return [];
  return prediction.input.series.filter(({ chosen }) => !chosen);
}

/** @param {Study} study */
export function isActive(study) {
  return study.phase === 'uploading' || study.phase === 'analysing';
}

/** @param {Study} study */
export function isPending(study) {
  return study.phase === 'waiting' || isActive(study);
}

/**
 * News that comes after the study was cancelled changes nothing.
 * @param {Study} study
 * @param {StudyAction} action
 * @returns {Study}
 */
export function reduceStudy(study, action) {
  switch (action.type) {
    case 'studyStarted':
      return study.phase === 'waiting'
        ? { ...study, phase: 'uploading', uploaded: 0, read: null }
        : study;
    case 'exampleFetched':
      return { ...study, files: [action.file] };
    case 'uploadProgressed':
      if (study.phase !== 'uploading') return study;
      return {
        ...study,
        uploaded: action.fraction,
        phase: action.fraction < 1 ? 'uploading' : 'analysing',
      };
    case 'readingProgressed':
      return isActive(study)
        ? { ...study, phase: 'analysing', read: { done: action.done, total: action.total } }
        : study;
    case 'predictionReceived':
      if (!isActive(study)) return study;
      return {
        ...study,
        phase: 'done',
        prediction: action.prediction,
        requestId: action.requestId,
        answeredAt: action.answeredAt,
        interrupted: false,
      };
    case 'studyFailed':
      return isActive(study) ? { ...study, phase: 'failed', failure: action.failure } : study;
    case 'studyPostponed':
      return isActive(study)
        ? {
            ...study,
            phase: 'waiting',
            uploaded: 0,
            interrupted: study.interrupted || action.interrupted,
          }
        : study;
    case 'studyCancelled':
      if (!isPending(study)) return study;
      return { ...study, phase: study.prediction === null ? 'cancelled' : 'done' };
    case 'seriesChosen':
      return reduceStudy({ ...study, series: action.uid }, { type: 'studyRetried', id: study.id });
    case 'studyRetried':
      if (isPending(study) || !hasFiles(study)) return study;
      return { ...study, phase: 'waiting', uploaded: 0, failure: null, interrupted: false };
  }
}
