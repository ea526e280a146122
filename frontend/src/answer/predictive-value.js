import { translate } from '../i18n/translate.js';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

/**
 * The share of slices with this answer that show a tumour, at the given prevalence (Bayes' rule).
 * @param {PredictionAnswer} prediction
 * @param {number} prevalence in 0..1
 * @returns {number | null} in 0..1; null where the answer is neither tumour nor none, or its figures are not known
 */
export function measureTumorShare({ decision, model }, prevalence) {
  const figures = model.operating_figures;
  if (figures === null || (decision !== 'tumor' && decision !== 'no_tumor')) return null;
  const { with_tumor, without_tumor } = figures[decision];
  const found = prevalence * with_tumor;
  const mistaken = (1 - prevalence) * without_tumor;
  return found + mistaken === 0 ? null : found / (found + mistaken);
}

/**
 * @param {PredictionAnswer} prediction
 * @param {number | null} percent of slices that show a tumour at the site, in 0..100
 * @returns {string} empty where there is nothing to say
 */
export function describePredictiveValue(prediction, percent) {
  const share = percent === null ? null : measureTumorShare(prediction, percent / 100);
  if (share === null) return '';
  return prediction.decision === 'tumor'
    ? translate('predictiveValue.tumor', { count: count(share) })
    : translate('predictiveValue.noTumor', { count: count(share) });
}

/**
 * The measured rates behind the sentence.
 * @param {PredictionAnswer} prediction
 */
export function describeBasis({ decision, model }) {
  if (model.operating_figures === null || (decision !== 'tumor' && decision !== 'no_tumor')) {
    return '';
  }
  const { with_tumor, without_tumor } = model.operating_figures[decision];
  const counts = { found: count(with_tumor), mistaken: count(without_tumor) };
  return decision === 'tumor'
    ? translate('predictiveValue.basisTumor', counts)
    : translate('predictiveValue.basisNoTumor', counts);
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
