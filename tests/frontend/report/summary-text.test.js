import { writeJson, writeSummary } from '../../../frontend/src/report/summary-text.js';
import { makePrediction, makeStudy, makeView } from '../factories.mjs';

test('a summary has decision, figures, what it rests on, model and notice', () => {
  const region = { label: 'glioma', probability: 0.9, extent_mm: 18, centre_mm: null };
  const prediction = makePrediction({
    findings: [{ ...region, slices: [26, 44], planes: ['axial'] }],
  });
  expect(writeSummary(makeStudy({ name: 'a.nii' }), prediction).replaceAll('\u00a0', ' ')).toBe(
    [
      'a.nii: Tumour likely: glioma',
      'glioma 96 %, meningioma 2 %, no tumour 2 %, pituitary tumour < 1 %',
      'Rests on slices 27 to 45 (18 mm), seen in: axial.',
      'Model: a-model 1.2.0 (00)',
      'Investigational. Not for diagnostic use.',
    ].join('\n'),
  );
});

test('the JSON has no pictures in it, and all else', () => {
  const prediction = makePrediction();
  prediction.input.view = makeView({ picture_png: 'PIXELS' });
  const answer = JSON.parse(writeJson(prediction));
  expect(JSON.stringify(answer)).not.toContain('PIXELS');
  expect(answer.probabilities).toEqual(prediction.probabilities);
});
