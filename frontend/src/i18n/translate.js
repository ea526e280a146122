import { DE } from './de.js';
import { EN } from './en.js';

/** @typedef {keyof typeof EN} MessageKey */
/** @typedef {'en' | 'de'} Language */

/** @type {Record<Language, Record<MessageKey, string>>} */
const MESSAGES = { en: EN, de: DE };

const VALUE = /\{(\w+)\}/g;

/** Of numbers and dates; the English of this page is British. */
const LOCALES = { en: 'en-GB', de: 'de-DE' };

/** @type {Language[]} */
export const LANGUAGES = ['en', 'de'];

/** @type {Language} */
let current = 'en';

/** @returns {Language} */
export function getLanguage() {
  return current;
}

/** As Intl takes it. */
export function getLocale() {
  return LOCALES[current];
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
  return translateTo(current, key, values);
}

/**
 * @param {Language} language
 * @param {MessageKey} key
 * @param {Record<string, string | number>} [values]
 */
export function translateTo(language, key, values = {}) {
  return MESSAGES[language][key].replace(VALUE, (whole, name) => {
    const value = values[name];
    return typeof value === 'number' ? value.toLocaleString(LOCALES[language]) : (value ?? whole);
  });
}

/**
 * @param {MessageKey} key
 * @returns {string[]} the names of the values that the message takes, in the page's language
 */
export function listValues(key) {
  return Array.from(MESSAGES[current][key].matchAll(VALUE), ([, name]) => name ?? '');
}

/**
 * Of a key that is put together from what the service says.
 * @param {string} key
 * @returns {key is MessageKey}
 */
export function isMessageKey(key) {
  return Object.hasOwn(EN, key);
}
