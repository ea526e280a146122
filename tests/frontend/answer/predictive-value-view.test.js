import { createPredictiveValueView } from '../../../frontend/src/answer/predictive-value-view.js';
import { setLanguage } from '../../../frontend/src/i18n/translate.js';
import { makeDecisions, makePrediction, makeVolumePrediction } from '../factories.mjs';

/** @type {HTMLElement} */
let root;

beforeEach(() => {
  localStorage.clear();
  root = document.createElement('div');
  document.body.replaceChildren(root);
});

afterEach(() => setLanguage('en'));

/** @param {string} text */
function type(text) {
  const input = /** @type {HTMLInputElement} */ (root.querySelector('input'));
  input.value = text;
  input.dispatchEvent(new Event('input'));
  return input;
}

test('a typed prevalence counts at once, and is kept for the next time', () => {
  createPredictiveValueView(root).update(makePrediction(), makeDecisions());
  expect(type('1').getAttribute('aria-invalid')).toBe('false');
  expect(root.textContent).toContain('about 14 would be right');
  const next = document.createElement('div');
  createPredictiveValueView(next).update(makePrediction(), makeDecisions());
  expect(next.textContent).toContain('about 14 would be right');
});

test('the field says why it is needed and where its value is stored', () => {
  createPredictiveValueView(root).update(makePrediction(), makeDecisions());
  const described = root.querySelector('input')?.getAttribute('aria-describedby');
  expect(document.getElementById(described ?? '')?.textContent).toMatch(
    /stored in this browser only/,
  );
});

test('in German a decimal comma is accepted', () => {
  setLanguage('de');
  createPredictiveValueView(root).update(makePrediction(), makeDecisions());
  expect(type('0,5').getAttribute('aria-invalid')).toBe('false');
  expect(root.textContent).toMatch(
    /Von 100 Antworten „Tumor“ an Ihrem Standort wären etwa \d+ richtig/,
  );
});

test('text that is not a number is rejected in words', () => {
  createPredictiveValueView(root).update(makePrediction(), makeDecisions());
  expect(type('many').getAttribute('aria-invalid')).toBe('true');
  expect(root.textContent).toContain('Enter a number from 0 to 100.');
});

test('an answer without a decision hides it', () => {
  const view = createPredictiveValueView(root);
  const section = /** @type {HTMLElement} */ (root.querySelector('section'));
  view.update(makePrediction(), makeDecisions());
  expect(section.hidden).toBe(false);
  view.update(makePrediction({ decision: 'uncertain', label: null }), makeDecisions());
  expect(section.hidden).toBe(true);
  view.update(makePrediction(), null);
  expect(section.hidden, 'the figures are not known yet').toBe(true);
  view.update(null, makeDecisions());
  expect(section.hidden).toBe(true);
});

test('of few studies the counts are given, and no field', () => {
  createPredictiveValueView(root).update(makeVolumePrediction(), makeDecisions());
  expect(root.querySelector('label')?.closest('[hidden]')).not.toBeNull();
  expect(root.textContent).toContain('0 of 2 with a tumour, and for 1 of 14 without');
  expect(root.querySelector('a')?.getAttribute('href')).toBe('#model');
});
