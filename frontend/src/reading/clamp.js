/**
 * @param {number} value
 * @param {number} least
 * @param {number} largest
 */
export function clamp(value, least, largest) {
  return Math.min(Math.max(value, least), largest);
}
