import { MANIFEST_SENTENCES } from '../i18n/de/manifest.js';
import { inEnglish, inPageLanguage } from '../i18n/sentence.js';
import { getLanguage } from '../i18n/translate.js';

/**
 * @param {string} text of the model's manifest, which is in English
 * @returns {import('../i18n/sentence.js').Sentence} in the page's language where it is known in that
 */
export function translateManifestText(text) {
  const german = Object.hasOwn(MANIFEST_SENTENCES, text) ? MANIFEST_SENTENCES[text] : undefined;
  return german === undefined || getLanguage() !== 'de' ? inEnglish(text) : inPageLanguage(german);
}
