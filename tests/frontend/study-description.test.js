import { ServiceFailure } from '../../frontend/src/api/failure.js';
import { UNKNOWN_SERVICE } from '../../frontend/src/state/service.js';
import { describeStep, describeStudy } from '../../frontend/src/study-description.js';
import { makePrediction, makeStudy } from './factories.mjs';

/** @type {import('../../frontend/src/state/service.js').Service} */
const READY = { status: 'ready', modelVersion: '1' };

test('a waiting study says whether it waits for its turn or for the service', () => {
  expect(describeStudy(makeStudy(), READY).sentences).toEqual([
    'Studies are analysed one after another.',
  ]);
  expect(describeStudy(makeStudy(), UNKNOWN_SERVICE).sentences[0]).toMatch(/not ready/);
});

test('an upload says how far it is and can be cancelled', () => {
  const study = makeStudy({ phase: 'uploading', uploaded: 0.4 });
  expect(describeStudy(study, READY)).toMatchObject({
    headline: 'Uploading 40\u00a0%',
    cancellable: true,
    restart: null,
  });
  expect(describeStep(study)).toBe('uploading 40\u00a0%');
});

test('of a volume the slice that is being read is said', () => {
  const study = makeStudy({ phase: 'analysing', read: { done: 70, total: 155 } });
  expect(describeStep(study)).toBe('reading slice 71 of 155');
  expect(describeStudy(study, READY).sentences).toEqual(['Reading slice 71 of 155']);
  const last = makeStudy({ phase: 'analysing', read: { done: 155, total: 155 } });
  expect(describeStep(last)).toBe('reading slice 155 of 155');
});

test('of a single slice nothing is counted', () => {
  const study = makeStudy({ phase: 'analysing', read: { done: 0, total: 1 } });
  expect(describeStep(study)).toBe('analysing');
  expect(describeStudy(study, READY).sentences).toEqual([]);
});

test('a prediction says its decision, the tumour probability and its reasons', () => {
  const reasons = [{ code: 'a', message: 'A reason.' }];
  const study = makeStudy({ phase: 'done', prediction: makePrediction({ reasons }) });
  expect(describeStudy(study, READY)).toMatchObject({
    headline: 'Tumour likely: glioma',
    sentences: ['Tumour probability 98\u00a0%', 'A reason.'],
    cancellable: false,
    restart: null,
  });
  expect(describeStep(study)).toBe('Tumour likely: glioma');
});

test('out of scope is said without a number', () => {
  const prediction = makePrediction({
    decision: 'out_of_scope',
    label: null,
    tumor_probability: null,
    probabilities: null,
  });
  const { sentences } = describeStudy(makeStudy({ phase: 'done', prediction }), READY);
  expect(sentences).toEqual([]);
});

test('a failure says what to do, how long to wait, its code and its request', () => {
  const failure = new ServiceFailure({
    code: 'overloaded',
    status: 503,
    requestId: 'r-1',
    retryAfterS: 5,
  });
  expect(describeStudy(makeStudy({ phase: 'failed', failure }), READY)).toMatchObject({
    headline: 'The service is busy',
    sentences: [expect.stringContaining('Try again'), 'The service asks to wait 5 seconds.'],
    trace: 'overloaded · request r-1',
    failed: true,
    restart: 'Try again',
  });
});

test('what was cancelled can be started again', () => {
  expect(describeStudy(makeStudy({ phase: 'cancelled' }), READY).restart).toBe('Analyse again');
});
