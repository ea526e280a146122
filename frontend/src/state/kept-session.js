import { isPending } from './study.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./session.js').Study} Study */
/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {{ getState: () => Session, dispatch: (action: import('./session.js').Action) => void,
 *   subscribe: (listener: (session: Session) => void) => () => void }} Store */

const KEY = 'tumorscope-session';

/**
 * Keeps the results of a session, without a patient's pixels, until its tab is closed: a reload loses nothing. Warns
 * before the page is left while a study is analysed, or where the browser keeps nothing.
 *
 * In `sessionStorage`, which a reload, Back and a restored tab find again and a closed tab does not; IndexedDB would leave
 * a patient's results to whoever uses the browser next, and its room is not needed (30 volumes of 512 slices fit).
 * @param {Store} store
 */
export function keepSession(store) {
  let isKept = true;
  restore(store);
  let written = store.getState();

  store.subscribe((session) => {
    if (isSame(session, written)) return;
    written = session;
    isKept = write(session);
  });
  window.addEventListener('beforeunload', (event) => {
    const { studies } = store.getState();
    if (studies.some(isPending) || (!isKept && studies.length > 0)) event.preventDefault();
  });
}

/**
 * Progress is not written.
 * @param {Session} session
 * @param {Session} other
 */
function isSame({ studies, selectedId, wording }, other) {
  return (
    selectedId === other.selectedId &&
    wording === other.wording &&
    studies.length === other.studies.length &&
    studies.every((study, place) => study === other.studies[place] || isPending(study))
  );
}

/** @param {Store} store */
function restore(store) {
  try {
    const session = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
    if (session !== null) store.dispatch({ type: 'sessionRestored', session });
  } catch {
    // Nothing is kept, or by another version of the page.
  }
}

/**
 * @param {Session} session
 * @returns {boolean} whether the browser took it
 */
function write({ studies, selectedId, wording, nextId }) {
  try {
    const kept = { studies: studies.map(describe), selectedId, wording, nextId };
    sessionStorage.setItem(KEY, JSON.stringify(kept));
    return true;
  } catch {
    return false;
  }
}

/**
 * What is not done is cancelled by the reload, for its files are gone; an example can be fetched again.
 * @param {Study} study
 * @returns {Study}
 */
function describe(study) {
  return {
    ...study,
    files: null,
    phase: isPending(study) ? 'cancelled' : study.phase,
    prediction: study.prediction && withoutPixels(study.prediction),
  };
}

/**
 * @param {PredictionAnswer} prediction
 * @returns {PredictionAnswer}
 */
export function withoutPixels(prediction) {
  const { input } = prediction;
  const view = { ...input.view, picture_png: null };
  return { ...prediction, explanation: null, input: { ...input, view } };
}
