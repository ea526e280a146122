import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeReason, describeWarning } from '../../../frontend/src/answer/service-messages.js';
import { DE } from '../../../frontend/src/i18n/de.js';
import { EN } from '../../../frontend/src/i18n/en.js';
import { setLanguage } from '../../../frontend/src/i18n/translate.js';

afterEach(() => setLanguage('en'));

const SERVICE = join(import.meta.dirname, '../../../backend/src/tumorscope');

function readSources() {
  return readdirSync(SERVICE, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.py'))
    .map((path) => readFileSync(join(SERVICE, path), 'utf8'));
}

/** @param {RegExp} pattern its first group is a code */
function findCodes(pattern) {
  const codes = readSources().flatMap((text) =>
    [...text.matchAll(pattern)].map(([, code]) => code),
  );
  return [...new Set(codes)].sort();
}

/** @param {RegExp} pattern its first group is a code */
function findWorded(pattern) {
  const codes = Object.keys(EN).flatMap((key) => pattern.exec(key)?.[1] ?? []);
  return [...new Set(codes)].sort();
}

test('every reason of the service has a sentence for staff and one for patients, and no other', () => {
  const codes = findCodes(/ Reason\(\s*"(\w+)"/g);
  expect(findWorded(/^reason\.(\w+)\.staff$/)).toEqual(codes);
  expect(findWorded(/^reason\.(\w+)\.patient$/)).toEqual(codes);
});

test('every warning of the service has a sentence, and no other', () => {
  expect(findWorded(/^warning\.(\w+)$/)).toEqual(findCodes(/ScanWarning\(\s*"(\w+)"/g));
});

test('every value in the sentence of a warning is a parameter of the service', () => {
  const sources = readSources().join('\n');
  for (const [key, sentence] of Object.entries(EN)) {
    const code = /^warning\.(\w+)$/.exec(key)?.[1];
    if (code === undefined) continue;
    const place = sources.indexOf(`"${code}"`);
    const around = sources.slice(place - 500, place + 500);
    for (const [, value] of sentence.matchAll(/\{(\w+)\}/g)) {
      expect(around, code).toContain(`"${value}":`);
    }
  }
});

test('every failure of the service has a sentence and an advice', () => {
  const codes = findCodes(/^ {4}code = "(\w+)"$/gm);
  expect(codes.length).toBeGreaterThan(0);
  expect(findWorded(/^failure\.(\w+)\.happened$/)).toEqual(expect.arrayContaining(codes));
  expect(findWorded(/^failure\.(\w+)\.advice$/)).toEqual(expect.arrayContaining(codes));
});

const REASON = {
  code: 'low_confidence',
  message: 'For staff.',
  patient_message: 'For a patient.',
  params: {},
};

test('a reason is worded by its code, in the language of the page, for staff and for a patient', () => {
  expect(describeReason(REASON, 'staff')).toEqual({
    text: EN['reason.low_confidence.staff'],
    language: 'en',
  });
  setLanguage('de');
  expect(describeReason(REASON, 'patient')).toEqual({
    text: DE['reason.low_confidence.patient'],
    language: 'de',
  });
});

test.each(['brand_new', 'constructor', '__proto__'])(
  'a code that the page does not know (%s) is worded by the service, marked as English',
  (code) => {
    setLanguage('de');
    const staff = { text: 'For staff.', language: 'en' };
    expect(describeReason({ ...REASON, code }, 'staff')).toEqual(staff);
    expect(describeReason({ ...REASON, code }, 'patient').text).toBe('For a patient.');
    expect(describeWarning({ ...REASON, code })).toEqual(staff);
  },
);

test('a reason names sequences in the language of the page', () => {
  const reason = {
    ...REASON,
    code: 'sequence_cannot_exclude',
    params: { sequence: 'flair', able: 't1ce' },
  };
  expect(describeReason(reason, 'staff').text).toBe(
    'The model overlooks more tumours on FLAIR: at this probability it cannot rule one out. It could on contrast-enhanced T1.',
  );
  setLanguage('de');
  expect(describeReason(reason, 'staff').text).toBe(
    'Auf FLAIR übersieht das Modell mehr Tumoren: Bei dieser Wahrscheinlichkeit kann es keinen ausschließen. Auf T1 mit Kontrastmittel könnte es das.',
  );
});

test('without a value that its sentence takes, a warning is worded by the service', () => {
  setLanguage('de');
  const warning = {
    code: 'files_left_out',
    message: '3 files were not read.',
    params: { total: 9 },
  };
  expect(describeWarning(warning)).toEqual({ text: warning.message, language: 'en' });
});

test.each([
  [
    'files_left_out',
    { left_out: 3, total: 1760 },
    '3 of 1,760 files could not be read. They were left out.',
    '3 von 1.760 Dateien waren nicht lesbar. Sie wurden ausgelassen.',
  ],
  [
    'clipped_intensities',
    { share: 0.124 },
    '12\u00a0% of the pixels of the head have the brightest value: detail is lost.',
    '12\u00a0% der Pixel des Kopfes haben den hellsten Wert: Details gehen verloren.',
  ],
  [
    'sequence_hardly_seen',
    { sequence: 't1', trained: 't1ce,flair' },
    'The file states non-contrast T1. The model learned tumours almost only from contrast-enhanced T1 and FLAIR.',
    'Die Datei nennt T1 ohne Kontrastmittel. Tumoren hat das Modell fast nur aus T1 mit Kontrastmittel und FLAIR gelernt.',
  ],
  [
    'kind_hardly_seen',
    { kind: 'susceptibility' },
    'The file states a T2*- or susceptibility-weighted image (not T2). The model was not trained on such images.',
    'Die Datei nennt ein T2*- oder suszeptibilitätsgewichtetes Bild (nicht T2). Mit solchen Bildern wurde das Modell nicht trainiert.',
  ],
  [
    'sequence_chosen',
    { sequence: 'adc' },
    'Several sequences were uploaded. The model reads a single one and read adc.',
    'Mehrere Sequenzen wurden hochgeladen. Das Modell liest nur eine und hat adc gelesen.',
  ],
])('what a warning (%s) counts or names is in its sentence', (code, params, english, german) => {
  const warning = { code, message: 'As the service says it.', params };
  expect(describeWarning(warning)).toEqual({ text: english, language: 'en' });
  setLanguage('de');
  expect(describeWarning(warning)).toEqual({ text: german, language: 'de' });
});
