import {
  describeEarlierModel,
  describeModelChange,
  isOfEarlierModel,
} from '../../../frontend/src/model/model-change.js';
import { makePrediction, makeService, makeStudy } from '../factories.mjs';

const DONE = makeStudy({ phase: 'done', prediction: makePrediction() });
const NEXT = makeService({ modelVersion: '2.0.0', modelSha256: 'ff' });

test('a result is of an earlier model when the service has another checksum', () => {
  expect(isOfEarlierModel(DONE, makeService())).toBe(false);
  expect(isOfEarlierModel(DONE, NEXT)).toBe(true);
  expect(isOfEarlierModel(makeStudy({ phase: 'waiting' }), NEXT)).toBe(false);
});

test('a service whose model is not known has not changed it', () => {
  const away = makeService({ status: 'unreachable', modelVersion: null, modelSha256: null });
  expect(isOfEarlierModel(DONE, away)).toBe(false);
  expect(describeModelChange([DONE], away)).toBe('');
});

test('a change of the model names both versions, for the session and for the study', () => {
  expect(describeModelChange([DONE], makeService())).toBe('');
  expect(describeModelChange([DONE], NEXT)).toBe(
    'The model changed to version 2.0.0. Earlier results come from version 1.2.0.',
  );
  expect(describeEarlierModel(DONE, NEXT)).toBe(
    'This result comes from model version 1.2.0. The service now uses version 2.0.0.',
  );
});

test('a model that was replaced by another of the same version is described as such', () => {
  const same = makeService({ modelSha256: 'ff' });
  expect(describeModelChange([DONE], same)).toMatch(
    /^The model was replaced by another one of the same version \(1\.2\.0\)/,
  );
});

test('results of both models are told apart until all come from the new one', () => {
  const { model } = makePrediction();
  const prediction = makePrediction({ model: { ...model, version: '2.0.0', sha256: 'ff' } });
  const fresh = makeStudy({ id: 2, phase: 'done', prediction });
  expect(describeModelChange([DONE, fresh], NEXT)).toContain('version 1.2.0');
  expect(describeModelChange([fresh], NEXT)).toBe('');
});
