import { describeStep, describeStudy } from '../../../frontend/src/answer/study-description.js';
import { ServiceFailure } from '../../../frontend/src/api/failure.js';
import { UNKNOWN_SERVICE } from '../../../frontend/src/state/service.js';
import { makePrediction, makeService, makeStudy } from '../factories.mjs';

const READY = makeService();

/** @param {import('../../../frontend/src/answer/study-description.js').StudyDescription} description */
function readTexts({ sentences }) {
  return sentences.map(({ text }) => text);
}

test('a waiting study says whether it waits for its turn or for the service', () => {
  expect(readTexts(describeStudy(makeStudy(), READY, 'staff'))).toEqual([
    'Studies are analysed one after another.',
  ]);
  expect(readTexts(describeStudy(makeStudy(), UNKNOWN_SERVICE, 'staff'))[0]).toMatch(/not ready/);
});

test('an upload says how far it is and can be cancelled', () => {
  const study = makeStudy({ phase: 'uploading', uploaded: 0.4 });
  expect(describeStudy(study, READY, 'staff')).toMatchObject({
    headline: 'Uploading 40\u00a0%',
    cancellable: true,
    restart: null,
  });
  expect(describeStep(study, 'staff')).toBe('uploading 40\u00a0%');
});

test('the slice of a volume that is being read is named', () => {
  const study = makeStudy({ phase: 'analysing', read: { done: 70, total: 155 } });
  expect(describeStep(study, 'staff')).toBe('reading slice 71 of 155');
  expect(readTexts(describeStudy(study, READY, 'staff'))).toEqual(['Reading slice 71 of 155']);
  const last = makeStudy({ phase: 'analysing', read: { done: 155, total: 155 } });
  expect(describeStep(last, 'staff')).toBe('reading slice 155 of 155');
});

test('of a single slice nothing is counted', () => {
  const study = makeStudy({ phase: 'analysing', read: { done: 0, total: 1 } });
  expect(describeStep(study, 'staff')).toBe('analysing');
  expect(readTexts(describeStudy(study, READY, 'staff'))).toEqual([]);
});

test('a prediction says its decision, the tumour probability and its reasons', () => {
  const reasons = [
    { code: 'a', message: 'A reason.', params: {}, patient_message: 'In plain words.' },
  ];
  const study = makeStudy({ phase: 'done', prediction: makePrediction({ reasons }) });
  const description = describeStudy(study, READY, 'staff');
  expect(readTexts(description)).toEqual(['Tumour probability 98\u00a0%', 'A reason.']);
  expect(description).toMatchObject({
    headline: 'Tumour likely: glioma',
    cancellable: false,
    restart: null,
  });
  expect(describeStep(study, 'staff')).toBe('Tumour likely: glioma');
});

test('a patient reads another headline, the plain reasons and what the answer does not mean', () => {
  const reasons = [
    { code: 'a', message: 'A reason.', params: {}, patient_message: 'In plain words.' },
  ];
  const prediction = makePrediction({ reasons, decision: 'uncertain', label: null });
  const study = makeStudy({ phase: 'done', prediction });
  const description = describeStudy(study, READY, 'patient');
  expect(description.headline).toBe('The program is not sure');
  expect(readTexts(description)).toEqual([
    'In plain words.',
    expect.stringMatching(/not mean that there is a tumour, or that there is none/),
    expect.stringMatching(/is 98\u00a0%\. This is not the chance that you are ill/),
    expect.stringMatching(/ask what to do next/),
  ]);
  expect(describeStep(study, 'patient')).toBe('The program is not sure');
  expect(description.otherWording).toBe('staff');
  expect(describeStudy(study, READY, 'staff').otherWording).toBe('patient');
  expect(describeStudy(makeStudy(), READY, 'staff').otherWording).toBeNull();
});

test.each([
  ['low_resolution', true],
  ['exif_rotated', false],
])(
  'a warning (%s) that makes the answer less certain is mentioned to a patient: %s',
  (code, isSaid) => {
    const { input } = makePrediction();
    const prediction = makePrediction({
      input: { ...input, warnings: [{ code, message: 'Mind.', params: {} }] },
    });
    const description = describeStudy(makeStudy({ phase: 'done', prediction }), READY, 'patient');
    const sentence = 'The picture is not ideal, so the answer is less sure.';
    expect(readTexts(description).includes(sentence)).toBe(isSaid);
  },
);

test('out of scope has no number', () => {
  const prediction = makePrediction({
    decision: 'out_of_scope',
    label: null,
    tumor_probability: null,
    probabilities: null,
  });
  const { sentences } = describeStudy(makeStudy({ phase: 'done', prediction }), READY, 'staff');
  expect(sentences).toEqual([]);
});

test('a failure says what to do, how long to wait, its code and its request', () => {
  const failure = new ServiceFailure({
    code: 'overloaded',
    status: 503,
    requestId: 'r-1',
    retryAfterS: 5,
  });
  const description = describeStudy(makeStudy({ phase: 'failed', failure }), READY, 'staff');
  expect(readTexts(description)).toEqual([
    expect.stringContaining('Try again'),
    'The service asks you to wait 5 seconds.',
  ]);
  expect(description).toMatchObject({
    headline: 'The service is busy',
    trace: 'overloaded · request r-1',
    failed: true,
    restart: 'Try again',
  });
});

test('a cancelled analysis can be started again', () => {
  expect(describeStudy(makeStudy({ phase: 'cancelled' }), READY, 'staff').restart).toBe(
    'Analyse again',
  );
});

test.each([
  [1, 'The page will send the study again in 1 second.'],
  [7, 'The page will send the study again in 7 seconds.'],
])('while the service is busy a study says when it is sent again (%i s)', (retryInS, words) => {
  const study = makeStudy({ phase: 'waiting' });
  expect(describeStudy(study, makeService({ retryInS }), 'staff')).toMatchObject({
    headline: 'The service is busy',
    sentences: [{ text: words }],
    cancellable: true,
  });
  const away = makeService({ status: 'unreachable', retryInS });
  expect(describeStudy(study, away, 'staff').headline).toBe('Waiting');
});

test('a result of an earlier model can be analysed again', () => {
  const study = makeStudy({ phase: 'done', prediction: makePrediction() });
  expect(describeStudy(study, makeService(), 'staff').restart).toBeNull();
  const next = makeService({ modelVersion: '2', modelSha256: 'ff' });
  const { restart, sentences } = describeStudy(study, next, 'staff');
  expect(restart).toBe('Analyse again');
  expect(sentences.at(-1)?.text).toMatch(/^This result comes from model version 1\.2\.0\./);
});

test('what the answer rests on stands with the decision, after what makes it less certain', () => {
  const { input, ...rest } = makePrediction();
  const region = { label: 'glioma', probability: 0.9, centre_mm: null };
  const prediction = {
    ...rest,
    input: {
      ...input,
      warnings: [
        { code: 'exif_rotated', message: 'Turned.', params: {} },
        { code: 'plane_hardly_seen', message: 'Another plane.', params: {} },
      ],
    },
    findings: [
      {
        ...region,
        slices: /** @type {[number, number]} */ ([26, 44]),
        extent_mm: 18.2,
        planes: /** @type {('axial' | 'coronal')[]} */ (['axial', 'coronal']),
      },
    ],
  };
  const study = makeStudy({ phase: 'done', prediction });
  const [warning, , basis, ...others] = readTexts(describeStudy(study, READY, 'staff'));
  expect(warning).toMatch(/oblique/);
  expect(basis).toBe('Rests on slices 27 to 45 (18 mm), seen in: axial and coronal.');
  expect(others).toEqual([]);
  const none = makeStudy({ phase: 'done', prediction: { ...prediction, decision: 'no_tumor' } });
  expect(readTexts(describeStudy(none, READY, 'staff'))[2]).toMatch(/^Most evidence of a tumour/);
});
test('an example can be analysed again once a reload has lost its image, another study cannot', () => {
  const study = makeStudy({ phase: 'done', prediction: makePrediction(), files: null });
  expect(describeStudy(study, READY, 'staff').restart).toBeNull();
  const example = { ...study, exampleUrl: 'examples/a.png' };
  expect(describeStudy(example, READY, 'staff').restart).toBe('Analyse again');
});
