import { describeClass, describeDecision } from '../../../frontend/src/answer/decision.js';
import { makePrediction } from '../factories.mjs';

test('a tumour is named by its kind', () => {
  expect(describeDecision(makePrediction())).toBe('Tumour likely: glioma');
});

test.each([null, 'tumor'])('a tumour of unstated kind (%s) is a tumour', (label) => {
  expect(describeDecision(makePrediction({ label }))).toBe('Tumour likely');
});

test('a class the page has never heard of is named as the answer names it', () => {
  const prediction = makePrediction({ label: 'vestibular_nerve_schwannoma' });
  expect(describeDecision(prediction)).toBe('Tumour likely: vestibular nerve schwannoma');
});

test('no tumour is a sentence', () => {
  const prediction = makePrediction({ decision: 'no_tumor', label: null });
  expect(describeDecision(prediction)).toBe('No tumour seen');
});

test.each([
  [['glioma', 'meningioma'], 'Not certain: glioma or meningioma'],
  [['glioma', 'meningioma', 'no_tumor'], 'Not certain: glioma, meningioma or no tumour'],
  [['glioma'], 'Not certain'],
  [null, 'Not certain'],
])('doubt between %j is worded', (prediction_set, sentence) => {
  const prediction = makePrediction({ decision: 'uncertain', label: null, prediction_set });
  expect(describeDecision(prediction)).toBe(sentence);
});

test('an image of something else is described as not a brain MRI', () => {
  const prediction = makePrediction({ decision: 'out_of_scope', label: null });
  expect(describeDecision(prediction)).toBe('This does not look like a brain MRI');
});

test('a class name is written without underscores', () => {
  expect(describeClass('no_tumor')).toBe('no tumour');
});
