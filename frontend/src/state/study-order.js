/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./study.js').Study} Study */
/** @typedef {import('../api/client.js').PredictionAnswer['decision'] | 'failed' | 'other'} Outcome */
/** @typedef {'added' | 'decision' | 'probability'} Order */
/** @typedef {{ order: Order, only: Outcome | null }} Listing how the list of studies is sorted and filtered */

/** @type {Listing} */
export const WHOLE_LIST = { order: 'added', only: null };

/** @type {Order[]} */
export const ORDERS = ['added', 'decision', 'probability'];

/** In the order in which a reader looks at them. */
/** @type {Outcome[]} */
export const OUTCOMES = ['tumor', 'uncertain', 'no_tumor', 'out_of_scope', 'failed', 'other'];

/**
 * What became of a study; `other` is waiting, being analysed or cancelled.
 * @param {Study} study
 * @returns {Outcome}
 */
export function findOutcome({ phase, prediction }) {
  if (phase === 'done' && prediction !== null) return prediction.decision;
  return phase === 'failed' ? 'failed' : 'other';
}

/**
 * The studies as they are listed. Sorting and filtering are for staff: both name the decision.
 * @param {Pick<Session, 'studies' | 'listing' | 'wording'>} session
 * @returns {Study[]}
 */
export function listStudies({ studies, listing: { order, only }, wording }) {
  if (wording === 'patient') return studies;
  const shown = only === null ? studies : studies.filter((study) => findOutcome(study) === only);
  if (order === 'added') return shown;
  return shown.toSorted((one, other) => {
    const ranked = order === 'decision' ? rank(one) - rank(other) : 0;
    return ranked || measure(other) - measure(one);
  });
}

/** @param {Study} study */
function rank(study) {
  return OUTCOMES.indexOf(findOutcome(study));
}

/**
 * @param {Study} study
 * @returns {number} its tumour probability; below any where there is none
 */
function measure({ phase, prediction }) {
  return (phase === 'done' ? prediction?.tumor_probability : null) ?? -1;
}
