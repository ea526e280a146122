import { observeService, UNKNOWN_SERVICE } from './service.js';
import { createStudy, listOtherSeries, reduceStudy } from './study.js';
import { WHOLE_LIST } from './study-order.js';

/** @typedef {import('../api/client.js').Health} Health */
/** @typedef {import('./service.js').Service} Service */

/** @typedef {'study' | 'report' | 'model'} View of the page: the selected study, its report, the model's card */
/** @typedef {'staff' | 'patient'} Wording for whom predictions are put into words */
/** @typedef {import('./study.js').Study} Study */
/** @typedef {import('./study.js').Phase} Phase */
/** @typedef {import('./study.js').StudySource} StudySource */
/** @typedef {import('./study.js').StudyAction} StudyAction */

/**
 * @typedef {object} Session
 * @property {Service} service
 * @property {Study[]} studies
 * @property {number | null} selectedId
 * @property {number | null} comparedId of the study beside the selected one
 * @property {string | null} comparedSeries of the selected study itself, beside the one that was read
 * @property {Wording} wording
 * @property {import('./study-order.js').Listing} listing
 * @property {number} leftOut files of the last folder that are of no format that is read here
 * @property {number} nextId no study of the session gets that of another, also where that was removed
 * @property {View} view
 * @property {{ study: Study, place: number } | null} removed the last study that was removed, which can come back
 */

/**
 * @typedef {{ type: 'serviceObserved', health: Health | null }
 *   | { type: 'serviceBusy', leftS: number | null }
 *   | { type: 'studiesAdded', sources: StudySource[], leftOut: number }
 *   | { type: 'studySelected', id: number }
 *   | { type: 'studiesListed', listing: Partial<import('./study-order.js').Listing> }
 *   | { type: 'comparisonChosen', id: number | null, series: string | null }
 *   | { type: 'studyRemoved', id: number }
 *   | { type: 'sessionCleared' }
 *   | { type: 'wordingChosen', wording: Wording }
 *   | { type: 'removalUndone' }
 *   | { type: 'removalSettled' }
 *   | { type: 'sessionRestored', session: Pick<Session, KeptField> }
 *   | { type: 'viewOpened', view: View, id?: number | null }
 *   | StudyAction} Action
 */

/** @typedef {'studies' | 'selectedId' | 'wording' | 'nextId'} KeptField of a session that outlives a reload */

/** @type {Session} */
export const EMPTY_SESSION = {
  service: UNKNOWN_SERVICE,
  studies: [],
  selectedId: null,
  comparedId: null,
  comparedSeries: null,
  wording: 'staff',
  listing: WHOLE_LIST,
  leftOut: 0,
  nextId: 1,
  view: 'study',
  removed: null,
};

/** @param {Session} session */
export function findSelected(session) {
  return session.studies.find((study) => study.id === session.selectedId) ?? null;
}

/**
 * The study beside the selected one, or another series of it, which has no answer.
 * @param {Session} session
 * @returns {Study | null}
 */
export function findCompared(session) {
  const selected = findSelected(session);
  const series =
    selected && listOtherSeries(selected).find(({ uid }) => uid === session.comparedSeries);
  if (selected && series) {
    const name = series.description;
    return { ...selected, name, series: series.uid, phase: 'done', prediction: null };
  }
  return session.studies.find((study) => study.id === session.comparedId) ?? null;
}

/**
 * A report needs a result; while the study is analysed again there is none.
 * @param {Session} session
 */
export function isReporting(session) {
  return session.view === 'report' && findSelected(session)?.phase === 'done';
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
    case 'serviceBusy':
      return { ...session, service: { ...session.service, retryInS: action.leftS } };
    case 'studySelected':
      return selectStudy(session, action.id);
    case 'studiesListed':
      return { ...session, listing: { ...session.listing, ...action.listing } };
    case 'comparisonChosen':
      return { ...session, comparedId: action.id, comparedSeries: action.series };
    case 'studyRemoved':
      return removeStudy(session, action.id);
    case 'sessionCleared':
      return clearSession(session);
    case 'removalUndone':
      return restoreStudy(session);
    case 'removalSettled':
      return { ...session, removed: null };
    case 'sessionRestored':
      return { ...session, ...action.session };
    case 'viewOpened': {
      const { id } = action;
      return { ...(id == null ? session : selectStudy(session, id)), view: action.view };
    }
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
 * A study is never compared with itself.
 * @param {Session} session
 * @param {number} id
 * @returns {Session}
 */
function selectStudy(session, id) {
  const comparedId = session.comparedId === id ? null : session.comparedId;
  const comparedSeries = session.selectedId === id ? session.comparedSeries : null;
  return { ...session, selectedId: id, comparedId, comparedSeries, view: 'study' };
}

/**
 * @param {Session} session
 * @param {StudySource[]} sources
 * @param {number} leftOut
 * @returns {Session}
 */
function addStudies(session, sources, leftOut) {
  const firstId = session.nextId;
  if (sources.length === 0) return { ...session, leftOut };
  const added = sources.map((source, index) => createStudy(firstId + index, source));
  return {
    ...session,
    studies: [...session.studies, ...added],
    selectedId: firstId,
    comparedSeries: null,
    // What was just added is seen.
    listing: { ...session.listing, only: null },
    leftOut,
    nextId: firstId + added.length,
    view: 'study',
    removed: null,
  };
}

/**
 * The next study is selected, or the last.
 * @param {Session} session
 * @param {number} id
 * @returns {Session}
 */
function removeStudy(session, id) {
  const place = session.studies.findIndex((study) => study.id === id);
  if (place === -1) return session;
  const study = /** @type {Study} */ (session.studies[place]);
  const studies = session.studies.toSpliced(place, 1);
  const comparedId = session.comparedId === id ? null : session.comparedId;
  const left = { ...session, studies, comparedId, removed: { study, place } };
  if (session.selectedId !== id) return left;
  const next = studies[place] ?? studies.at(-1);
  return next === undefined
    ? { ...left, selectedId: null, view: 'study' }
    : selectStudy(left, next.id);
}

/**
 * The study that was removed last, at its place.
 * @param {Session} session
 * @returns {Session}
 */
function restoreStudy(session) {
  if (session.removed === null) return session;
  const { study, place } = session.removed;
  const studies = session.studies.toSpliced(place, 0, study);
  return selectStudy({ ...session, studies, removed: null }, study.id);
}

/**
 * Settings that apply to every study are kept.
 * @param {Session} session
 * @returns {Session}
 */
function clearSession({ service, wording, nextId }) {
  return { ...EMPTY_SESSION, service, wording, nextId };
}
