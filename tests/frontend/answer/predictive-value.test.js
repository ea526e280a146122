import {
  describeBasis,
  describePredictiveValue,
  measureTumorShare,
  readPercent,
} from '../../../frontend/src/answer/predictive-value.js';
import { makePrediction } from '../factories.mjs';

const NONE = makePrediction({ decision: 'no_tumor', label: null });
const UNCERTAIN = makePrediction({ decision: 'uncertain', label: null });

test('the rarer the tumours, the fewer of the answers "tumour" are right', () => {
  // Of 1000: 10 tumours of which 8 are found, 990 others of which 49.5 are mistaken.
  expect(measureTumorShare(makePrediction(), 0.01)).toBeCloseTo(8 / 57.5);
  expect(measureTumorShare(makePrediction(), 0.5)).toBeCloseTo(0.8 / 0.85);
  expect(measureTumorShare(makePrediction(), 0)).toBe(0);
  expect(measureTumorShare(NONE, 0.5)).toBeCloseTo(0.01 / 0.81);
});

test('the sentence counts in hundreds', () => {
  expect(describePredictiveValue(makePrediction(), 1)).toBe(
    'Of 100 answers “tumour” at your site, about 14 would be right.',
  );
  expect(describePredictiveValue(NONE, 1)).toBe(
    'Of 100 answers “no tumour” at your site, fewer than 1 would be wrong and miss a tumour.',
  );
  expect(describeBasis(makePrediction())).toMatch(
    /about 80 of 100 images with a tumour.*about 5 of 100/,
  );
});

test('without a prevalence nothing is counted', () => {
  expect(describePredictiveValue(makePrediction(), null)).toBe('');
});

test('there is no sentence without a decision, or without the rates of the model', () => {
  const { model } = makePrediction();
  const unmeasured = makePrediction({ model: { ...model, operating_figures: null } });
  for (const prediction of [UNCERTAIN, unmeasured]) {
    expect(describePredictiveValue(prediction, 1)).toBe('');
    expect(describeBasis(prediction)).toBe('');
  }
});

test.each([
  ['1', 1],
  ['0,5', 0.5],
  [' 12.5 ', 12.5],
  ['', null],
  ['101', null],
  ['-1', null],
  ['often', null],
])('%j is read as %j percent', (text, percent) => {
  expect(readPercent(text)).toBe(percent);
});
