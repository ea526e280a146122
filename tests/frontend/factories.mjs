/** @typedef {import('../../frontend/src/api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {import('../../frontend/src/api/client.js').Health} Health */
/** @typedef {import('../../frontend/src/state/session.js').Study} Study */

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
      spacing_mm: null,
      modality: null,
      warnings: [],
    },
    slices: [],
    explanation: null,
    model: { name: 'a-model', version: '1.2.0', sha256: '00', engine: 'an-engine', device: 'cpu' },
    timing_ms: { decode: 1, preprocess: 1, inference: 8, explain: 0, total: 10.4 },
    notice: 'Investigational. Not for diagnostic use.',
    ...changes,
  };
}

/**
 * @param {Health['status']} status
 * @returns {Health}
 */
export function makeHealth(status) {
  const model = status === 'ready' ? makePrediction().model : null;
  return { status, model, uptime_s: 1, queue_depth: 0, notice: '' };
}

/**
 * @param {Partial<Study>} [changes]
 * @returns {Study}
 */
export function makeStudy(changes = {}) {
  return {
    id: 1,
    name: 'scan.png',
    file: makeFile('scan.png'),
    exampleUrl: null,
    phase: 'waiting',
    uploaded: 0,
    prediction: null,
    failure: null,
    ...changes,
  };
}

/** @param {string} name */
export function makeFile(name) {
  return new File(['pixels'], name, { type: 'image/png' });
}
