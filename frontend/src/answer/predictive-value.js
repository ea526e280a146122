import { translate } from '../i18n/translate.js';
import { areFew, EXTERNAL, HELD_OUT, PICTURES } from '../model/decisions.js';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {import('../model/decisions.js').Decisions} Decisions */
/** @typedef {import('../model/decisions.js').DecisionRow} DecisionRow */
/** @typedef {'tumor' | 'no_tumor'} Decided */

/**
 * How often an answer was given to people whose scans the model was not trained on.
 * @typedef {object} Rates
 * @property {typeof PICTURES | typeof HELD_OUT | typeof EXTERNAL} group
 * @property {Decided} decision
 * @property {DecisionRow} withTumor
 * @property {DecisionRow} without
 */

// The table of decisions was measured at this operating point.
const MEASURED_AT = 'balanced';

const OF_PICTURES = /** @type {const} */ ([PICTURES]);
const OF_STUDIES = /** @type {const} */ ([HELD_OUT, EXTERNAL]);

const GROUPS = /** @type {const} */ ({
  [PICTURES]: 'predictiveValue.ofPictures',
  [HELD_OUT]: 'predictiveValue.ofHeldOut',
  [EXTERNAL]: 'predictiveValue.ofExternal',
});

/**
 * The rows of the table of decisions behind an answer: single pictures for a picture, whole studies for a volume.
 * @param {PredictionAnswer} prediction
 * @param {Decisions} decisions of the model that answered
 * @returns {Rates[]} none where the answer is neither tumour nor none, or was not measured
 */
export function findRates({ decision, input, model }, { slices, studies }) {
  if (decision !== 'tumor' && decision !== 'no_tumor') return [];
  if (model.operating_point !== MEASURED_AT) return [];
  const isPicture = input.slice_count === 1;
  return (isPicture ? OF_PICTURES : OF_STUDIES).flatMap((group) => {
    const rows = isPicture ? slices : studies;
    const own = rows.filter(({ by, name }) => by === 'all' && name === group);
    const withTumor = own.find(({ truth }) => truth === 'tumor');
    const without = own.find(({ truth }) => truth === 'no_tumor');
    return withTumor && without ? [{ group, decision, withTumor, without }] : [];
  });
}

/**
 * Whether a predictive value would claim no more than was measured.
 * @param {Rates} rates
 */
export function areMany({ withTumor, without }) {
  return [withTumor, without].every(({ people, count }) => !areFew(people, count));
}

/**
 * The share of pictures with this answer that show a tumour, at the given prevalence (Bayes' rule).
 * @param {Rates} rates
 * @param {number} prevalence in 0..1
 * @returns {number | null} in 0..1; null where the answer is never given
 */
export function measureTumorShare({ decision, withTumor, without }, prevalence) {
  const found = prevalence * (countAnswers(withTumor, decision) / withTumor.count);
  const mistaken = (1 - prevalence) * (countAnswers(without, decision) / without.count);
  return found + mistaken === 0 ? null : found / (found + mistaken);
}

/**
 * @param {Rates} rates
 * @param {number | null} percent of pictures that show a tumour at the site, in 0..100
 * @returns {string} empty where there is nothing to say
 */
export function describePredictiveValue(rates, percent) {
  const share = percent === null ? null : measureTumorShare(rates, percent / 100);
  if (share === null) return '';
  return rates.decision === 'tumor'
    ? translate('predictiveValue.tumor', { count: count(share) })
    : translate('predictiveValue.noTumor', { count: count(share) });
}

/**
 * What was measured: shares of many people, counts of few.
 * @param {Rates} rates
 */
export function describeBasis(rates) {
  const { group, decision, withTumor, without } = rates;
  const shown = { found: describeRate(withTumor), mistaken: describeRate(without) };
  const key = decision === 'tumor' ? 'basisTumor' : 'basisNoTumor';
  return translate(`predictiveValue.${key}`, { ...shown, group: translate(GROUPS[group]) });

  /** @param {DecisionRow} row */
  function describeRate(row) {
    const answers = countAnswers(row, decision);
    const values = { count: answers, total: row.count };
    if (!areMany(rates)) return translate('decisions.countOf', values);
    return translate('predictiveValue.rate', { ...values, share: count(answers / row.count) });
  }
}

/**
 * @param {DecisionRow} row
 * @param {Decided} decision
 */
function countAnswers({ tumor, noTumor }, decision) {
  return decision === 'tumor' ? tumor : noTumor;
}

/**
 * A typed number, with a point or a comma.
 * @param {string} text
 * @returns {number | null} null where it is no percentage
 */
export function readPercent(text) {
  const trimmed = text.trim().replace(',', '.');
  const percent = Number(trimmed);
  return trimmed !== '' && percent >= 0 && percent <= 100 ? percent : null;
}

/** @param {number} share */
function count(share) {
  const of100 = share * 100;
  if (of100 > 0 && of100 < 1) return translate('predictiveValue.fewerThanOne');
  if (of100 > 99 && of100 < 100) return translate('predictiveValue.moreThan99');
  return translate('predictiveValue.about', { count: Math.round(of100) });
}
