const NO_BREAK_SPACE = '\u00a0';

/**
 * Without decimals; what is not quite nothing or not quite certain is not rounded to it.
 * @param {number} probability in 0..1
 */
export function formatPercentage(probability) {
  if (probability < 0.01) return `<${NO_BREAK_SPACE}1${NO_BREAK_SPACE}%`;
  if (probability > 0.99) return `>${NO_BREAK_SPACE}99${NO_BREAK_SPACE}%`;
  return `${Math.round(probability * 100)}${NO_BREAK_SPACE}%`;
}

/**
 * Of work done: 100 % only when it is.
 * @param {number} fraction in 0..1
 */
export function formatProgress(fraction) {
  return `${Math.floor(fraction * 100)}${NO_BREAK_SPACE}%`;
}

/**
 * Of what was counted or measured on many: nothing and all may be.
 * @param {number} share in 0..1
 */
export function formatShare(share) {
  if (share > 0 && share < 0.01) return `<${NO_BREAK_SPACE}1${NO_BREAK_SPACE}%`;
  if (share > 0.99 && share < 1) return `>${NO_BREAK_SPACE}99${NO_BREAK_SPACE}%`;
  return `${Math.round(share * 100)}${NO_BREAK_SPACE}%`;
}
