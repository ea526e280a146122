import { MODEL_SENTENCES, REASONS, WARNINGS } from './de/service-sentences.js';
import { getLanguage } from './translate.js';

/** @typedef {import('./translate.js').Language} Language */
/** @typedef {import('../state/session.js').Wording} Wording */

/**
 * A sentence and the language it is in, which is not the page's where only the service has words for it.
 * @typedef {{ text: string, language: Language }} Sentence
 */

/**
 * @param {string} text in the page's language
 * @returns {Sentence}
 */
export function sayHere(text) {
  return { text, language: getLanguage() };
}

/**
 * @param {string} text as the service says it
 * @returns {Sentence}
 */
export function sayAsService(text) {
  return { text, language: 'en' };
}

/**
 * @param {string} text as the model's manifest says it
 * @returns {Sentence}
 */
export function sayAsModel(text) {
  const known =
    getLanguage() === 'de' && Object.hasOwn(MODEL_SENTENCES, text) ? MODEL_SENTENCES[text] : null;
  return known == null ? sayAsService(text) : sayHere(known);
}

/**
 * Why the decision is what it is: in English the service's own words, in German the page's, by the stable code.
 * @param {{ code: string, message: string, patient_message: string }} reason
 * @param {Wording} wording
 * @returns {Sentence}
 */
export function sayReason({ code, message, patient_message }, wording) {
  const original = wording === 'staff' ? message : patient_message;
  const known = getLanguage() === 'de' && Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  return known === undefined ? sayAsService(original) : sayHere(known[wording]);
}

/**
 * What a reader should weigh the answer by; a number in the service's sentence is in the German one too.
 * @param {{ code: string, message: string }} warning
 * @returns {Sentence}
 */
export function sayWarning({ code, message }) {
  const forms = getLanguage() === 'de' && Object.hasOwn(WARNINGS, code) ? WARNINGS[code] : [];
  for (const { pattern, says } of forms ?? []) {
    const found = pattern.exec(message);
    if (found !== null) return sayHere(says.replace(/\$(\d)/g, (_, place) => found[place] ?? ''));
  }
  return sayAsService(message);
}
