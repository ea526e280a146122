import { readNumber, readRecord } from './untyped-fields.js';

/**
 * Sensitivity against false positive rate, for every threshold.
 * @typedef {object} RocCurve
 * @property {string} name of a class, or `tumor_against_none`
 * @property {number} area
 * @property {[number, number][]} points one minus specificity, and sensitivity; both in 0..1
 */

/**
 * @typedef {object} CalibrationBin
 * @property {number} low
 * @property {number} high of the probability of the most probable class
 * @property {number} n slices
 * @property {number} confidence their mean probability
 * @property {number} accuracy the share of them that is right
 */

/**
 * @param {[string, unknown]} entry
 * @returns {RocCurve[]} empty where it is no curve
 */
export function readRocCurves([name, recorded]) {
  const { fpr, tpr, auc } = readRecord(recorded);
  if (!isNumbers(fpr) || !isNumbers(tpr) || typeof auc !== 'number') return [];
  if (fpr.length < 2 || fpr.length !== tpr.length) return [];
  return [{ name, area: auc, points: fpr.map((share, index) => [share, tpr[index] ?? 0]) }];
}

/**
 * @param {unknown} bins
 * @returns {CalibrationBin[]}
 */
export function readCalibration(bins) {
  if (!Array.isArray(bins)) return [];
  return bins.flatMap((recorded) => {
    const record = readRecord(recorded);
    const [low, high, n, confidence, accuracy] = ['low', 'high', 'n', 'confidence', 'accuracy'].map(
      (name) => readNumber(record[name]),
    );
    return low == null || high == null || n == null || confidence == null || accuracy == null
      ? []
      : [{ low, high, n, confidence, accuracy }];
  });
}

/**
 * @param {unknown} values
 * @returns {values is number[]}
 */
function isNumbers(values) {
  return Array.isArray(values) && values.every((value) => typeof value === 'number');
}
