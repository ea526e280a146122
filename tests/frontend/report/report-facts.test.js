import { setLanguage } from '../../../frontend/src/i18n/translate.js';
import {
  describePredictionSet,
  listReportFacts,
} from '../../../frontend/src/report/report-facts.js';
import { makePrediction, makeStudy } from '../factories.mjs';

afterEach(() => setLanguage('en'));

test('a report states which model analysed the study and when', () => {
  const study = makeStudy({ requestId: 'r-1', answeredAt: Date.UTC(2026, 2, 1, 12, 30) });
  const { input, model } = makePrediction();
  const prediction = makePrediction({
    input: { ...input, sha256: 'aa' },
    model: { ...model, sha256: 'bb' },
  });
  const facts = new Map(listReportFacts(study, prediction, 'staff'));
  expect(facts.get('SHA-256 of the input')).toBe('aa');
  expect(facts.get('SHA-256 of the model')).toBe('bb');
  expect(facts.get('Model')).toBe('a-model 1.2.0');
  expect(facts.get('Request')).toBe('r-1');
  expect(facts.get('Analysed')).toContain('1 March 2026');
});

test('a German report has a German date', () => {
  setLanguage('de');
  const study = makeStudy({ answeredAt: Date.UTC(2026, 2, 1, 12, 30) });
  const facts = new Map(listReportFacts(study, makePrediction(), 'staff'));
  expect(facts.get('Ausgewertet')).toContain('1. März 2026');
});

test.each([
  [null, ''],
  [['glioma'], 'Prediction set at 95 % coverage: glioma.'],
  [['glioma', 'no_tumor'], 'Prediction set at 95 % coverage: glioma and no tumour.'],
  [[], 'The prediction set at 95 % coverage is empty: no class fits.'],
])('the prediction set %j is described as "%s"', (prediction_set, words) => {
  expect(describePredictionSet(makePrediction({ prediction_set }))).toBe(words);
});
