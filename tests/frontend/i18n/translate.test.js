import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DE } from '../../../frontend/src/i18n/de.js';
import { EN } from '../../../frontend/src/i18n/en.js';
import { isMessageKey, setLanguage, translate } from '../../../frontend/src/i18n/translate.js';

afterEach(() => setLanguage('en'));

test('messages are of the language that was chosen', () => {
  expect(translate('language.name')).toBe('English');
  setLanguage('de');
  expect(translate('language.name')).toBe('Deutsch');
});

test('numbers are written as the language writes them', () => {
  expect(translate('facts.slices', { count: 1234 })).toBe('1,234 slices');
  setLanguage('de');
  expect(translate('facts.slices', { count: 1234 })).toBe('1.234 Schichten');
});

test('a value is put in as it is, braces and all', () => {
  expect(translate('slice.name', { study: '{study} $& <b>' })).toBe('Slice {study} $& <b>');
});

test('properties of every object are not messages', () => {
  expect(isMessageKey('constructor')).toBe(false);
  expect(isMessageKey('language.name')).toBe(true);
});

/** @param {string} message */
const findNames = (message) => [...message.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

test('both languages have every message, with the same values in it', () => {
  expect(Object.keys(DE).sort()).toEqual(Object.keys(EN).sort());
  for (const [key, message] of Object.entries(EN)) {
    expect([key, findNames(DE[/** @type {keyof typeof EN} */ (key)])]).toEqual([
      key,
      findNames(message),
    ]);
  }
});

test('every message is used', () => {
  const source = join(import.meta.dirname, '../../../frontend/src');
  const texts = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js') && !path.startsWith('i18n/'))
    .map((path) => readFileSync(join(source, path), 'utf8'))
    .join('\n');
  // `class.${name}`: said by what the service answers.
  const said = [...texts.matchAll(/`([\w.]+\.)\$\{/g)].map(([, prefix]) => prefix ?? '');
  const silent = Object.keys(EN).filter(
    (key) => !texts.includes(`'${key}'`) && !said.some((prefix) => key.startsWith(prefix)),
  );
  expect(silent).toEqual([]);
});
