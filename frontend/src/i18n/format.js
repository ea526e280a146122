import { getLocale } from './translate.js';

/**
 * @param {number} value
 * @param {Intl.NumberFormatOptions} [options]
 */
export function formatNumber(value, options) {
  return new Intl.NumberFormat(getLocale(), options).format(value);
}

/**
 * “one, two and three”.
 * @param {string[]} words
 */
export function joinWords(words) {
  return new Intl.ListFormat(getLocale()).format(words);
}
