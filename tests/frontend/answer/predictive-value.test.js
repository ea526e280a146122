import {
  areMany,
  describeBasis,
  describePredictiveValue,
  findRates,
  measureTumorShare,
  readPercent,
} from '../../../frontend/src/answer/predictive-value.js';
import { makeDecisions, makePrediction, makeVolumePrediction } from '../factories.mjs';

/** @param {import('../factories.mjs').PredictionAnswer} prediction */
function findOnly(prediction) {
  const [rates] = findRates(prediction, makeDecisions());
  if (rates === undefined) throw new Error('not measured');
  return rates;
}

const TUMOR = findOnly(makePrediction());
const NONE = findOnly(makePrediction({ decision: 'no_tumor', label: null }));

test('the rarer the tumours, the fewer of the answers "tumour" are right', () => {
  // Of 1000: 10 tumours of which 8 are found, 990 others of which 49.5 are mistaken.
  expect(measureTumorShare(TUMOR, 0.01)).toBeCloseTo(8 / 57.5);
  expect(measureTumorShare(TUMOR, 0.5)).toBeCloseTo(0.8 / 0.85);
  expect(measureTumorShare(TUMOR, 0)).toBe(0);
  expect(measureTumorShare(NONE, 0.5)).toBeCloseTo(0.01 / 0.81);
});

test('the sentence counts in hundreds', () => {
  expect(describePredictiveValue(TUMOR, 1)).toBe(
    'Of 100 answers “tumour” at your site, about 14 would be right.',
  );
  expect(describePredictiveValue(NONE, 1)).toBe(
    'Of 100 answers “no tumour” at your site, fewer than 1 would be wrong and miss a tumour.',
  );
});

test('the figures of a picture are those of single pictures, as the table of decisions has them', () => {
  expect(areMany(TUMOR)).toBe(true);
  expect(describeBasis(TUMOR)).toBe(
    'Measured on single images of held-out patients: the answer was “tumour” for about 80 of 100 (80 of 100) with a tumour, and for about 5 of 100 (5 of 100) without.',
  );
});

test('the figures of a volume are counts of whole studies', () => {
  const rates = findOnly(makeVolumePrediction());
  expect(areMany(rates)).toBe(false);
  expect(describeBasis(rates)).toBe(
    'Measured on whole studies of held-out patients: the answer was “tumour” for 0 of 2 with a tumour, and for 1 of 14 without.',
  );
});

test('without a prevalence nothing is counted', () => {
  expect(describePredictiveValue(TUMOR, null)).toBe('');
});

test('there are no figures without a decision, at another operating point, or of what was not measured', () => {
  const { model } = makePrediction();
  const uncertain = makePrediction({ decision: 'uncertain', label: null });
  const screening = makePrediction({ model: { ...model, operating_point: 'screening' } });
  for (const prediction of [uncertain, screening])
    expect(findRates(prediction, makeDecisions())).toEqual([]);
  expect(findRates(makePrediction(), { slices: [], studies: [] })).toEqual([]);
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
