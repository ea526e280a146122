import { ServiceFailure } from '../../../frontend/src/api/failure.js';
import {
  writeJson,
  writeSessionJson,
  writeSummary,
} from '../../../frontend/src/report/summary-text.js';
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

test('the JSON of a session has an entry for each study, failed ones included', () => {
  const failure = new ServiceFailure({ code: 'corrupt_file', requestId: 'r-2' });
  const prediction = makePrediction();
  prediction.input.view = makeView({ picture_png: 'PIXELS' });
  const text = writeSessionJson([
    makeStudy({ name: 'a.png', phase: 'done', prediction, requestId: 'r-1' }),
    makeStudy({ name: 'b.png', phase: 'failed', failure }),
    makeStudy({ name: 'c.png', phase: 'waiting', prediction }),
  ]);
  expect(text).not.toContain('PIXELS');
  expect(JSON.parse(text)).toMatchObject([
    { name: 'a.png', state: 'done', request_id: 'r-1', answer: { decision: 'tumor' } },
    { name: 'b.png', state: 'failed', failure: 'corrupt_file', request_id: 'r-2', answer: null },
    { name: 'c.png', state: 'waiting', failure: null, request_id: null, answer: null },
  ]);
});
