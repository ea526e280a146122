import { setLanguage } from '../../../frontend/src/i18n/translate.js';
import { readModelCard } from '../../../frontend/src/model/model-card.js';
import { createModelView } from '../../../frontend/src/model/model-view.js';
import { makeDecisionRow, makeModelAnswer } from '../factories.mjs';
import { readTable } from './read-table.mjs';

afterEach(() => setLanguage('en'));

/** @param {ReturnType<typeof makeModelAnswer>} answer */
function showCard(answer) {
  const root = document.createElement('div');
  createModelView(root, { onClose: () => {} }).showCard(readModelCard(answer));
  return root;
}

test('the answers of the service come first, the threshold figures below', () => {
  const answer = makeModelAnswer();
  const metrics = {
    ...answer.manifest.metrics,
    decisions: { slices: [makeDecisionRow()], studies: [] },
  };
  const root = showCard({ ...answer, manifest: { ...answer.manifest, metrics } });
  const titles = [...root.querySelectorAll('h3')].map((title) => title.textContent);
  expect(titles[0]).toBe('How the service answers');
  expect(titles.indexOf('Threshold figures')).toBeGreaterThan(0);
});

test('each figure stands with its interval', () => {
  expect(readTable(showCard(makeModelAnswer()), 'Threshold figures')).toEqual([
    ['Accuracy', '90 %', '80 % to 95 %', '100', '20'],
    ['Area under the ROC curve, tumour against no tumour', '0.98', '–', '100', '1'],
  ]);
});

test('a share of fewer than 20 people is a count, of slices or of people', () => {
  const answer = makeModelAnswer();
  const few = { low: 0, high: 0, n: 126, patients: 3 };
  const figures = {
    tumor_specificity_healthy_volumes: { ...few, value: 0.9603 },
    healthy_volumes_called_tumor: { ...few, value: 0 },
  };
  const root = showCard({ ...answer, manifest: { ...answer.manifest, metrics: { figures } } });
  expect(readTable(root, 'Threshold figures')).toEqual([
    ['Specificity, slices of healthy volumes', '121 of 126', '–', '126', '3'],
    ['False positives, whole healthy volumes', '0 of 3', '–', '126', '3'],
  ]);
});

test('the confusion matrix counts by true class, shaded by the share of the row', () => {
  const root = showCard(makeModelAnswer());
  expect(readTable(root, 'Confusion matrix')).toEqual([
    ['glioma', '30', '10'],
    ['no tumour', '0', '60'],
  ]);
  const shares = [...root.querySelectorAll('.model-count')].map((field) =>
    /** @type {HTMLElement} */ (field).style.getPropertyValue('--share'),
  );
  expect(shares).toEqual(['0.75', '0.25', '0', '1']);
});

test('the ROC curves are drawn to scale, in the colours of their classes, with their areas', () => {
  const root = showCard(makeModelAnswer());
  const drawing = root.querySelector('svg[aria-label^="ROC curves"]');
  expect(drawing?.getAttribute('aria-label')).toContain('glioma: area 0.88; any tumour: area 0.95');
  const lines = [...(drawing?.querySelectorAll('.model-curve') ?? [])];
  expect(lines.map((line) => line.getAttribute('d'))).toEqual([
    'M0 100L0 25L100 0',
    'M0 100L10 0L100 0',
  ]);
  expect(new Set(lines.map((line) => line.getAttribute('style'))).size).toBe(2);
});

test('the calibration is drawn, and worded, bin by bin', () => {
  const drawing = showCard(makeModelAnswer()).querySelector('svg[aria-label^="Calibration curve"]');
  expect(drawing?.getAttribute('aria-label')?.replaceAll('\u00a0', ' ')).toContain(
    'probability 65 %, correct 60 %, 25 slices; probability 96 %, correct 98 %, 75 slices',
  );
  const heights = [...(drawing?.querySelectorAll('rect') ?? [])].map((bar) => [
    bar.getAttribute('y'),
    bar.getAttribute('height'),
  ]);
  expect(heights).toEqual([
    ['75', '25'],
    ['25', '75'],
  ]);
});

test('on a German page English text of the manifest is marked as English', () => {
  setLanguage('de');
  const root = showCard(makeModelAnswer());
  expect(root.querySelector('.model-limits li')?.getAttribute('lang')).toBe('en');
  expect(root.querySelector('h2')?.textContent).toBe('Über das Modell');
  expect(readTable(root, 'Schwellenwert-Kennzahlen')[1]?.[1]).toBe('0,98');
});

test('what a card does not hold is left out', () => {
  const answer = makeModelAnswer();
  const root = showCard({
    ...answer,
    manifest: { ...answer.manifest, trust: null, metrics: {}, training: {}, limits: [] },
  });
  const titles = [...root.querySelectorAll('h3')].map((title) => title.textContent);
  expect(titles).toEqual([
    'What it is',
    'What it is not',
    'Intended use',
    'Training data',
    'Version and checksum',
  ]);
});

test('text of the service is shown as text, whatever it contains', () => {
  const answer = makeModelAnswer();
  const root = showCard({ ...answer, manifest: { ...answer.manifest, limits: ['<img src=x>'] } });
  expect(root.querySelector('img')).toBeNull();
});
