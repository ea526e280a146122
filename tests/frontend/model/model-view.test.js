import { setLanguage } from '../../../frontend/src/i18n/translate.js';
import { readModelCard } from '../../../frontend/src/model/model-card.js';
import { createModelView } from '../../../frontend/src/model/model-view.js';
import { makeModelAnswer } from '../factories.mjs';

afterEach(() => setLanguage('en'));

/** @param {ReturnType<typeof makeModelAnswer>} answer */
function showCard(answer) {
  const root = document.createElement('div');
  createModelView(root, { onClose: () => {} }).showCard(readModelCard(answer));
  return root;
}

/**
 * @param {HTMLElement} root
 * @param {string} name
 */
function readTable(root, name) {
  const rows = root.querySelectorAll(`[aria-label="${name}"] tbody tr`);
  return [...rows].map((row) =>
    [...row.children].map((cell) => cell.textContent?.replaceAll('\u00a0', ' ')),
  );
}

test('each figure stands with its interval', () => {
  expect(readTable(showCard(makeModelAnswer()), 'How good it is')).toEqual([
    ['Class is right', '90 %', '80 % to 95 %', '100', '20'],
    ['Tumour against none, area under the ROC curve', '0.98', '–', '100', '1'],
  ]);
});

test('what is taken for what is counted by true class, and shaded by its share', () => {
  const root = showCard(makeModelAnswer());
  expect(readTable(root, 'What is taken for what')).toEqual([
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

test('what the probabilities are worth is drawn, and said, bin by bin', () => {
  const drawing = showCard(makeModelAnswer()).querySelector('svg[aria-label^="How often"]');
  expect(drawing?.getAttribute('aria-label')?.replaceAll('\u00a0', ' ')).toContain(
    'said 65 %, right 60 %, 25 slices; said 96 %, right 98 %, 75 slices',
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

test('on a German page what the service says of the model is marked as English', () => {
  setLanguage('de');
  const root = showCard(makeModelAnswer());
  expect(root.querySelector('.model-limits li')?.getAttribute('lang')).toBe('en');
  expect(root.querySelector('h2')?.textContent).toBe('Über das Modell');
  expect(readTable(root, 'Wie gut es ist')[1]?.[1]).toBe('0,98');
});

test('what a card does not hold is not spoken of', () => {
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
    'Trained on',
    'Which one it is',
  ]);
});

test('what the service says is text, whatever it holds', () => {
  const answer = makeModelAnswer();
  const root = showCard({ ...answer, manifest: { ...answer.manifest, limits: ['<img src=x>'] } });
  expect(root.querySelector('img')).toBeNull();
});
