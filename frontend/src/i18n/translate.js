import { DE } from './de.js';
import { EN } from './en.js';

/** @typedef {keyof typeof EN} MessageKey */
/** @typedef {'en' | 'de'} Language */

/** @type {Record<Language, Record<MessageKey, string>>} */
const MESSAGES = { en: EN, de: DE };

/** @type {Language} */
let current = 'en';

/** @returns {Language} */
export function getLanguage() {
  return current;
}

/**
 * Of all that is said from here on; what stands on the page already is built anew by the composition root.
 * @param {Language} language
 */
export function setLanguage(language) {
  current = language;
}

/**
 * @param {MessageKey} key
 * @param {Record<string, string | number>} [values] by their names in braces; numbers are written by locale
 * @returns {string} text, never markup
 */
export function translate(key, values = {}) {
  return MESSAGES[current][key].replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return typeof value === 'number' ? value.toLocaleString(current) : (value ?? whole);
  });
}
