import { setLanguage, translate } from '../../../frontend/src/i18n/translate.js';
import { applyLanguage, keepLanguage, readLanguage } from '../../../frontend/src/shell/language.js';

afterEach(() => {
  localStorage.clear();
  setLanguage('en');
});

/** @param {string[]} languages */
function speak(languages) {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(languages);
}

test.each([
  [['de-AT', 'en'], 'de'],
  [['fr', 'de-CH'], 'de'],
  [['en-US', 'de'], 'en'],
  [['fr'], 'en'],
  [[], 'en'],
])('a browser that speaks %j reads %s at first', (languages, expected) => {
  speak(languages);
  expect(readLanguage()).toBe(expected);
});

test('the language that was chosen is chosen the next time', () => {
  speak(['de']);
  keepLanguage('en');
  expect(readLanguage()).toBe('en');
});

test('the document says which language it is in, and its title is in it', () => {
  applyLanguage('de');
  expect(document.documentElement.lang).toBe('de');
  expect(document.title).toBe(translate('page.title'));
  expect(document.title).toMatch(/Schädel-MRT/);
});
