import { createProbabilityBars } from '../../../frontend/src/answer/probability-bars.js';
import { makePrediction } from '../factories.mjs';

/** @param {ReturnType<typeof makePrediction>} prediction */
function showBars(prediction) {
  const root = document.createElement('div');
  createProbabilityBars(root).update(prediction);
  return root;
}

test('each class of the answer has a bar with its name and its number, in the order of the answer', () => {
  const root = showBars(makePrediction({ probabilities: { lymphoma: 0.7, no_tumor: 0.3 } }));
  const words = [...root.querySelectorAll('li')].map((row) =>
    row.textContent?.replaceAll('\u00a0', ' '),
  );
  expect(words).toEqual(['lymphoma70 %', 'no tumour30 %']);
});

test('all bars are on the one scale from 0 to 1', () => {
  const root = showBars(makePrediction({ probabilities: { lymphoma: 0.7, no_tumor: 0.3 } }));
  const lengths = [...root.querySelectorAll('.bar')].map((bar) =>
    /** @type {HTMLElement} */ (bar).style.getPropertyValue('--probability'),
  );
  expect(lengths).toEqual(['0.7', '0.3']);
});

test('out of scope shows no bar at all', () => {
  const root = showBars(makePrediction({ decision: 'out_of_scope', probabilities: null }));
  expect(root.querySelector('section')?.hidden).toBe(true);
  expect(root.querySelectorAll('li')).toHaveLength(0);
});

test('an uncertain answer is marked as such', () => {
  const root = showBars(makePrediction({ decision: 'uncertain' }));
  expect(root.querySelector('section')?.classList).toContain('uncertain');
});

test('a class name is text, whatever it holds', () => {
  const root = showBars(makePrediction({ probabilities: { '<img src=x>': 1 } }));
  expect(root.querySelector('img')).toBeNull();
});
