import { readDecisions } from '../../frontend/src/model/decisions.js';

/** @typedef {import('../../frontend/src/api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {import('../../frontend/src/api/client.js').Health} Health */
/** @typedef {import('../../frontend/src/state/session.js').Study} Study */
/** @typedef {import('../../frontend/src/state/service.js').Service} Service */

/**
 * @param {Partial<PredictionAnswer>} [changes]
 * @returns {PredictionAnswer}
 */
export function makePrediction(changes = {}) {
  return {
    id: 'an-answer',
    decision: 'tumor',
    label: 'glioma',
    tumor_probability: 0.981,
    probabilities: { glioma: 0.962, meningioma: 0.015, no_tumor: 0.019, pituitary: 0.004 },
    prediction_set: null,
    reasons: [],
    input: {
      format: 'png',
      sha256: '00',
      width: 640,
      height: 512,
      slice_count: 1,
      series: [],
      judged: { slices: 1, little_brain: 0, out_of_scope: 0 },
      spacing_mm: null,
      modality: null,
      plane: null,
      sequence: null,
      view: makeView(),
      warnings: [],
    },
    slices: [],
    findings: [],
    explanation: null,
    model: {
      name: 'a-model',
      version: '1.2.0',
      sha256: '00',
      engine: 'an-engine',
      device: 'cpu',
      operating_point: 'balanced',
      operating_figures: {
        tumor: { with_tumor: 0.8, without_tumor: 0.05 },
        no_tumor: { with_tumor: 0.01, without_tumor: 0.8 },
      },
    },
    timing_ms: { decode: 1, preprocess: 1, inference: 8, explain: 0, total: 10.4 },
    notice: 'Investigational. Not for diagnostic use.',
    ...changes,
  };
}

/**
 * @param {Partial<PredictionAnswer['input']['view']>} [changes]
 * @returns {PredictionAnswer['input']['view']}
 */
export function makeView(changes = {}) {
  return {
    slice_index: 0,
    width: 640,
    height: 512,
    turning: { transposed: false, rows_reversed: false, columns_reversed: false },
    crop: { top: 0, left: 0, height: 512, width: 640 },
    window: null,
    picture_png: null,
    ...changes,
  };
}

/**
 * The answer to a volume of ten slices, of which the first and the last are empty.
 * @returns {PredictionAnswer}
 */
export function makeVolumePrediction() {
  const { input, ...rest } = makePrediction();
  const slices = [0.1, 0.2, 0.6, 0.9, 0.97, 0.8, 0.3, 0.1].map((share, position) => ({
    index: position + 1,
    tumor_probability: share,
    probabilities: {
      glioma: share / 2,
      meningioma: share / 4,
      no_tumor: 1 - share,
      pituitary: share / 4,
    },
  }));
  return {
    ...rest,
    input: {
      ...input,
      format: 'nifti',
      slice_count: 10,
      plane: 'axial',
      view: makeView({ slice_index: 5 }),
    },
    slices,
  };
}

/**
 * @param {Health['status']} status
 * @returns {Health}
 */
export function makeHealth(status) {
  const model = status === 'ready' ? makePrediction().model : null;
  const none = { engine_reason: null, engine_timings_ms: null, failure: null, candidate: null };
  return { status, model, ...none, uptime_s: 1, queue_depth: 0, notice: '' };
}

/**
 * @param {Partial<Service>} [changes]
 * @returns {Service}
 */
export function makeService(changes = {}) {
  const { version, sha256 } = makePrediction().model;
  return {
    status: 'ready',
    modelVersion: version,
    modelSha256: sha256,
    queueDepth: 0,
    retryInS: null,
    ...changes,
  };
}

/**
 * @param {Partial<Study>} [changes]
 * @returns {Study}
 */
export function makeStudy(changes = {}) {
  return {
    id: 1,
    name: 'scan.png',
    files: [makeFile('scan.png')],
    exampleUrl: null,
    series: null,
    phase: 'waiting',
    uploaded: 0,
    read: null,
    prediction: null,
    requestId: '',
    answeredAt: null,
    interrupted: false,
    failure: null,
    ...changes,
  };
}

/** @param {string} name */
export function makeFile(name) {
  return new File(['pixels'], name, { type: 'image/png' });
}

/** @returns {import('../../frontend/src/api/client.js').ModelAnswer} */
export function makeModelAnswer() {
  return {
    sha256: '00',
    manifest: {
      name: 'a-model',
      version: '1.2.0',
      architecture: 'vgg16',
      class_names: ['glioma', 'no_tumor'],
      input: { size: 128 },
      intended_use: 'Research.',
      limits: ['It judges one slice at a time.'],
      license: 'CC-BY-4.0',
      data: [{ name: 'A collection', license: 'CC BY 4.0', used_for: 'glioma' }],
      training: {
        training_slices: { glioma: 400, no_tumor: 600 },
        validation_slices: { glioma: 40, no_tumor: 60 },
        training_patients: 80,
        validation_patients: 20,
      },
      metrics: {
        figures: {
          accuracy: { value: 0.9, low: 0.8, high: 0.95, n: 100, patients: 20 },
          tumor_auc: { value: 0.98, low: null, high: null, n: 100, patients: 1 },
        },
        classes: { glioma: { precision: 1, recall: 0.75, f1: 0.86 } },
        confusion_matrix: [
          [30, 10],
          [0, 60],
        ],
        roc: {
          glioma: { fpr: [0, 0, 1], tpr: [0, 0.75, 1], auc: 0.875 },
          tumor_against_none: { fpr: [0, 0.1, 1], tpr: [0, 1, 1], auc: 0.95 },
        },
        calibration: [
          { low: 0.6, high: 0.7, n: 25, confidence: 0.65, accuracy: 0.6 },
          { low: 0.9, high: 1, n: 75, confidence: 0.96, accuracy: 0.98 },
        ],
      },
      trust: {
        operating_points: { screening: {} },
        figures: {
          screening_answered: { value: 0.8, spread: 0.02 },
          screening_right_of_answered: { value: 0.97, spread: 0.02 },
          screening_tumor_called_none: { value: 0.004, spread: 0.002 },
        },
      },
    },
  };
}

/**
 * How the model of `makePrediction` was measured: on pictures of one source, and on slices and studies of another.
 * @returns {import('../../frontend/src/model/decisions.js').Decisions}
 */
export function makeDecisions() {
  const people = { by: 'source', uncertain: 0, refused: 0, right: 0, people: 40, intervals: {} };
  const one = { ...people, name: 'A collection of pictures' };
  const other = { ...people, name: 'A collection of studies' };
  const tumors = { truth: 'tumor', count: 100 };
  const others = { truth: 'no_tumor', count: 100 };
  const few = { by: 'all', people: 5 };
  return readDecisions({
    slices: [
      { ...one, ...tumors, tumor: 80, no_tumor: 1 },
      { ...one, ...others, tumor: 5, no_tumor: 80 },
      { ...other, ...others, tumor: 0, no_tumor: 90 },
    ],
    studies: [
      { ...other, ...others, tumor: 1, no_tumor: 9, count: 14 },
      ...[
        { truth: 'tumor', count: 2, tumor: 0, no_tumor: 1 },
        { truth: 'no_tumor', count: 14, tumor: 1, no_tumor: 9 },
      ].map((row) => ({ ...people, ...few, name: 'held-out patients', ...row })),
    ],
  });
}

/** As the manifest holds it. */
export function makeDecisionRow(changes = {}) {
  return {
    by: 'all',
    name: 'held-out patients',
    truth: 'tumor',
    count: 520,
    people: 60,
    tumor: 415,
    no_tumor: 1,
    uncertain: 104,
    refused: 0,
    right: 408,
    intervals: {
      tumor: [0.75, 0.85],
      no_tumor: [0, 0.006],
      uncertain: [0.16, 0.25],
      refused: null,
      right: [0.96, 0.994],
    },
    ...changes,
  };
}
