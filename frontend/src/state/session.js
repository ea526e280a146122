import { observeService, UNKNOWN_SERVICE } from './service.js';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {import('../api/client.js').Health} Health */
/** @typedef {import('../api/failure.js').ServiceFailure} ServiceFailure */
/** @typedef {import('./service.js').Service} Service */

/** @typedef {'staff' | 'patient'} Wording for whom predictions are put into words */
/** @typedef {'waiting' | 'uploading' | 'analysing' | 'done' | 'failed' | 'cancelled'} Phase */

/**
 * What is judged together in this session: a picture, a volume, a series. An example is known by its address until its
 * file is fetched.
 * @typedef {object} Study
 * @property {number} id
 * @property {string} name
 * @property {File[] | null} files
 * @property {string | null} exampleUrl
 * @property {Phase} phase
 * @property {number} uploaded fraction in 0..1
 * @property {{ done: number, total: number } | null} read slices
 * @property {PredictionAnswer | null} prediction
 * @property {ServiceFailure | null} failure
 */

/**
 * @typedef {object} Session
 * @property {Service} service
 * @property {Study[]} studies
 * @property {number | null} selectedId
 * @property {number | null} comparedId of the study beside the selected one
 * @property {Wording} wording
 * @property {number} leftOut files of the last folder that are of no format that is read here
 */

/** @typedef {{ name: string, files: File[] | null, exampleUrl: string | null }} StudySource */

/**
 * @typedef {{ type: 'serviceObserved', health: Health | null }
 *   | { type: 'studiesAdded', sources: StudySource[], leftOut: number }
 *   | { type: 'studySelected', id: number }
 *   | { type: 'comparisonChosen', id: number | null }
 *   | { type: 'wordingChosen', wording: Wording }
 *   | { type: 'studyStarted', id: number }
 *   | { type: 'exampleFetched', id: number, file: File }
 *   | { type: 'uploadProgressed', id: number, fraction: number }
 *   | { type: 'readingProgressed', id: number, done: number, total: number }
 *   | { type: 'predictionReceived', id: number, prediction: PredictionAnswer }
 *   | { type: 'studyFailed', id: number, failure: ServiceFailure }
 *   | { type: 'studyCancelled', id: number }
 *   | { type: 'studyRetried', id: number }} Action
 */

/** @type {Session} */
export const EMPTY_SESSION = {
  service: UNKNOWN_SERVICE,
  studies: [],
  selectedId: null,
  comparedId: null,
  wording: 'staff',
  leftOut: 0,
};

/** @param {Study} study */
export function isActive(study) {
  return study.phase === 'uploading' || study.phase === 'analysing';
}

/** @param {Study} study */
export function isPending(study) {
  return study.phase === 'waiting' || isActive(study);
}

/** @param {Session} session */
export function findSelected(session) {
  return session.studies.find((study) => study.id === session.selectedId) ?? null;
}

/** @param {Session} session */
export function findCompared(session) {
  return session.studies.find((study) => study.id === session.comparedId) ?? null;
}

/**
 * @param {Session} session
 * @param {Action} action
 * @returns {Session}
 */
export function reduceSession(session, action) {
  switch (action.type) {
    case 'serviceObserved': {
      const service = observeService(session.service, action.health);
      return service === session.service ? session : { ...session, service };
    }
    case 'studiesAdded':
      return addStudies(session, action.sources, action.leftOut);
    case 'studySelected':
      return selectStudy(session, action.id);
    case 'comparisonChosen':
      return { ...session, comparedId: action.id };
    case 'wordingChosen':
      return { ...session, wording: action.wording };
    default:
      return {
        ...session,
        studies: session.studies.map((study) =>
          study.id === action.id ? reduceStudy(study, action) : study,
        ),
      };
  }
}

/**
 * None is beside itself.
 * @param {Session} session
 * @param {number} id
 * @returns {Session}
 */
function selectStudy(session, id) {
  const comparedId = session.comparedId === id ? null : session.comparedId;
  return { ...session, selectedId: id, comparedId };
}

/**
 * @param {Session} session
 * @param {StudySource[]} sources
 * @param {number} leftOut
 * @returns {Session}
 */
function addStudies(session, sources, leftOut) {
  const firstId = session.studies.length + 1;
  if (sources.length === 0) return { ...session, leftOut };
  /** @type {Study[]} */
  const added = sources.map((source, index) => ({
    ...source,
    id: firstId + index,
    phase: 'waiting',
    uploaded: 0,
    read: null,
    prediction: null,
    failure: null,
  }));
  return { ...session, studies: [...session.studies, ...added], selectedId: firstId, leftOut };
}

/**
 * What comes late, after the study was cancelled, changes nothing.
 * @param {Study} study
 * @param {Exclude<Action,
 *   { type: 'serviceObserved' | 'studiesAdded' | 'studySelected' | 'comparisonChosen' |
 *   'wordingChosen' }>} action
 * @returns {Study}
 */
function reduceStudy(study, action) {
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
      return isActive(study) ? { ...study, phase: 'done', prediction: action.prediction } : study;
    case 'studyFailed':
      return isActive(study) ? { ...study, phase: 'failed', failure: action.failure } : study;
    case 'studyCancelled':
      return isPending(study) ? { ...study, phase: 'cancelled' } : study;
    case 'studyRetried':
      return isPending(study) ? study : { ...study, phase: 'waiting', uploaded: 0, failure: null };
  }
}
