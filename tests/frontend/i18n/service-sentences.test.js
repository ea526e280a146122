import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REASONS, WARNINGS } from '../../../frontend/src/i18n/de/service-sentences.js';
import { sayAsModel, sayReason, sayWarning } from '../../../frontend/src/i18n/service-sentences.js';
import { setLanguage } from '../../../frontend/src/i18n/translate.js';

afterEach(() => setLanguage('en'));

const SERVICE = join(import.meta.dirname, '../../../backend/src/tumorscope');

/** @param {RegExp} pattern its first group is a code */
function findCodes(pattern) {
  const sources = readdirSync(SERVICE, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.py'))
    .map((path) => readFileSync(join(SERVICE, path), 'utf8'));
  const codes = sources.flatMap((text) => [...text.matchAll(pattern)].map(([, code]) => code));
  return [...new Set(codes)].sort();
}

test('every reason that the service can give is said in German, to staff and to patients', () => {
  expect(Object.keys(REASONS).sort()).toEqual(findCodes(/ Reason\(\s*"(\w+)"/g));
});

test('every warning that the service can give is said in German', () => {
  expect(Object.keys(WARNINGS).sort()).toEqual(findCodes(/ScanWarning\(\s*"(\w+)"/g));
});

test('what the model that ships says of itself is said in German, and of another one in English', () => {
  const path = join(SERVICE, 'default_model/manifest.json');
  const { intended_use, limits } = JSON.parse(readFileSync(path, 'utf8'));
  for (const text of [intended_use, ...limits]) {
    expect(sayAsModel(text)).toEqual({ text, language: 'en' });
    setLanguage('de');
    expect(sayAsModel(text).language, text).toBe('de');
    expect(sayAsModel(`${text} Yes.`)).toEqual({ text: `${text} Yes.`, language: 'en' });
    setLanguage('en');
  }
});

const REASON = { code: 'low_confidence', message: 'For staff.', patient_message: 'For a patient.' };

test('in English a reason is in the words of the service, for staff and for a patient', () => {
  expect(sayReason(REASON, 'staff')).toEqual({ text: 'For staff.', language: 'en' });
  expect(sayReason(REASON, 'patient')).toEqual({ text: 'For a patient.', language: 'en' });
});

test('in German a reason is said by its code', () => {
  setLanguage('de');
  expect(sayReason(REASON, 'staff').text).toMatch(/Arbeitspunkt/);
  expect(sayReason(REASON, 'patient').text).toMatch(/Ärztin/);
  expect(sayReason(REASON, 'patient').language).toBe('de');
});

test.each(['brand_new', 'constructor', '__proto__'])(
  'a code without German words (%s) stays in English, and is marked as such',
  (code) => {
    setLanguage('de');
    expect(sayReason({ ...REASON, code }, 'staff')).toEqual({ text: 'For staff.', language: 'en' });
    expect(sayWarning({ code, message: 'Mind this.' })).toEqual({
      text: 'Mind this.',
      language: 'en',
    });
  },
);

test.each([
  ['files_left_out', '3 of 176 files were not read.', '3 von 176 Dateien wurden nicht gelesen.'],
  [
    'clipped_intensities',
    '12% of the head are at the brightest value: detail is lost.',
    '12\u00a0% des Kopfes haben den hellsten Wert: Einzelheiten fehlen.',
  ],
  [
    'sequence_chosen',
    'The model reads one sequence; of those sent, t1ce was read.',
    'Das Modell liest eine einzige Sequenz; von den gesendeten wurde t1ce gelesen.',
  ],
  [
    'no_spacing',
    'The files do not say how large a pixel is.',
    'Die Dateien sagen nicht, wie groß ein Pixel ist.',
  ],
])('what a warning (%s) counts or names is in the German sentence', (code, message, sentence) => {
  setLanguage('de');
  expect(sayWarning({ code, message })).toEqual({ text: sentence, language: 'de' });
});

test('a sentence that is worded otherwise than known is left as it is', () => {
  setLanguage('de');
  const message = 'Several files were not read.';
  expect(sayWarning({ code: 'files_left_out', message })).toEqual({
    text: message,
    language: 'en',
  });
});
