/**
 * What training and evaluation record has no schema; only what has the expected form is read.
 * @param {unknown} value
 * @returns {Record<string, unknown>} empty where it is none
 */
export function readRecord(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? /** @type {Record<string, unknown>} */ (value)
    : {};
}

/** @param {unknown} value */
export function readNumber(value) {
  return typeof value === 'number' ? value : null;
}
