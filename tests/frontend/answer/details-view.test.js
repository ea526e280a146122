import { createAnswerView } from '../../../frontend/src/answer/details-view.js';
import { makePrediction } from '../factories.mjs';

test('a prediction says what was read, by which model, on what and how fast', () => {
  const root = document.createElement('div');
  createAnswerView(root).update(makePrediction());
  const facts = [...root.querySelectorAll('dd')].map((fact) => fact.textContent);
  expect(facts).toEqual(['PNG, 640 × 512 pixels', 'a-model 1.2.0', 'an-engine on cpu', '10 ms']);
});

test('warnings about the picture are shown, and gone with the next picture', () => {
  const root = document.createElement('div');
  const view = createAnswerView(root);
  const clean = makePrediction();
  const warnings = [{ code: 'color', message: 'The picture is in colour.', params: {} }];
  view.update(makePrediction({ input: { ...clean.input, warnings } }));
  expect(root.querySelector('.warnings')?.textContent).toBe('The picture is in colour.');
  view.update(clean);
  expect(root.querySelector('.warnings')?.textContent).toBe('');
});

test('what a reason of the decision says is not said again as a warning', () => {
  const root = document.createElement('div');
  const { input } = makePrediction();
  const warnings = [
    { code: 'mostly_coloured', message: 'x', params: {} },
    { code: 'multiple_frames', message: 'x', params: {} },
  ];
  const reasons = [{ code: 'coloured', message: 'x', patient_message: 'x', params: {} }];
  createAnswerView(root).update(makePrediction({ input: { ...input, warnings }, reasons }));
  expect(root.querySelector('.warnings')?.textContent).toBe(
    'The file contains several images. Only the first one was read.',
  );
});

test('the JSON is the whole answer', () => {
  const root = document.createElement('div');
  createAnswerView(root).update(makePrediction());
  expect(JSON.parse(root.querySelector('pre')?.textContent ?? '')).toEqual(makePrediction());
});
