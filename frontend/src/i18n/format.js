import { getLocale } from './translate.js';

/**
 * @param {number} value
 * @param {Intl.NumberFormatOptions} [options]
 */
export function formatNumber(value, options) {
  return new Intl.NumberFormat(getLocale(), options).format(value);
}

/**
 * “one, two and three”, or “one, two or three”.
 * @param {string[]} words
 * @param {'conjunction' | 'disjunction'} [type]
 */
export function joinWords(words, type = 'conjunction') {
  return new Intl.ListFormat(getLocale(), { type }).format(words);
}
