import { getLanguage } from './translate.js';

/** @typedef {import('./translate.js').Language} Language */

/**
 * A sentence and the language it is in, which is not the page's where only the service has words for it.
 * @typedef {{ text: string, language: Language }} Sentence
 */

/**
 * @param {string} text
 * @returns {Sentence}
 */
export function inPageLanguage(text) {
  return { text, language: getLanguage() };
}

/**
 * @param {string} text as the service or the model's manifest says it
 * @returns {Sentence}
 */
export function inEnglish(text) {
  return { text, language: 'en' };
}
