import { DE } from '../../../frontend/src/i18n/de.js';
import { EN } from '../../../frontend/src/i18n/en.js';
import { setLanguage, translate } from '../../../frontend/src/i18n/translate.js';

afterEach(() => setLanguage('en'));

test('messages are of the language that was chosen', () => {
  expect(translate('language.name')).toBe('English');
  setLanguage('de');
  expect(translate('language.name')).toBe('Deutsch');
});

/** @param {string} message */
const findNames = (message) => [...message.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

test('both languages say every message, with the same values in it', () => {
  expect(Object.keys(DE).sort()).toEqual(Object.keys(EN).sort());
  for (const [key, message] of Object.entries(EN)) {
    expect([key, findNames(DE[/** @type {keyof typeof EN} */ (key)])]).toEqual([
      key,
      findNames(message),
    ]);
  }
});
