import { LANGUAGES, setLanguage, translate } from '../i18n/translate.js';
import { keepPreference, readPreference } from './preferences.js';

/** @typedef {import('../i18n/translate.js').Language} Language */

/** @returns {Language} as this browser chose before; at first, the one of its languages that the page speaks */
export function readLanguage() {
  const chosen = readPreference('language');
  const wanted = [chosen ?? '', ...navigator.languages].map((name) => name.slice(0, 2));
  return LANGUAGES.find((language) => language === wanted.find(isSpoken)) ?? 'en';
}

/** @param {string} name */
function isSpoken(name) {
  return LANGUAGES.some((language) => language === name);
}

/**
 * Sets the language of all messages from here on, and of the parts of the page outside its views.
 * @param {Language} language
 */
export function applyLanguage(language) {
  setLanguage(language);
  document.documentElement.lang = language;
  document.title = translate('page.title');
  const notice = document.getElementById('notice');
  if (notice !== null) notice.textContent = translate('page.notice');
}

/** @param {Language} language */
export function keepLanguage(language) {
  keepPreference('language', language);
}
