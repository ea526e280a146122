import { readCalibration, readRocCurves } from './curves.js';
import { readDecisions } from './decisions.js';
import { readNumber, readRecord } from './untyped-fields.js';

/** @typedef {import('../api/client.js').ModelAnswer} ModelAnswer */

/** @typedef {{ name: string, value: number, low: number | null, high: number | null, n: number, patients: number }} Figure */
/** @typedef {{ name: string, precision: number, recall: number, f1: number }} ClassFigures */
/** @typedef {{ name: string, license: string, used_for: string }} DataSource */
/** @typedef {{ name: string, training: number | null, heldOut: number | null }} ClassCount */

/**
 * How often the model answers at an operating point, and how often it is right; null where it was not measured.
 * @typedef {object} PointFigures
 * @property {string} name
 * @property {number | null} answered
 * @property {number | null} right of what is answered
 */

/**
 * What the page shows of the served model; what its manifest does not hold is empty.
 * @typedef {object} ModelCard
 * @property {string} name
 * @property {string} version
 * @property {string} architecture
 * @property {number} size of the picture it looks at, in pixels
 * @property {string[]} classNames
 * @property {string} intendedUse
 * @property {string[]} limits
 * @property {string} license
 * @property {string} sha256
 * @property {DataSource[]} data
 * @property {ClassCount[]} counts
 * @property {number | null} trainingPatients
 * @property {number | null} heldOutPatients
 * @property {import('./decisions.js').Decisions} decisions
 * @property {Figure[]} figures
 * @property {ClassFigures[]} classFigures
 * @property {number[][]} confusions a row a true class, a column an answer, both in the order of `classNames`
 * @property {import('./curves.js').RocCurve[]} rocCurves
 * @property {import('./curves.js').CalibrationBin[]} calibration
 * @property {PointFigures[]} points
 */

/**
 * The manifest has a schema but for what training and evaluation record: of that, only what has the expected form is
 * read.
 * @param {ModelAnswer} answer
 * @returns {ModelCard}
 */
export function readModelCard({ sha256, manifest }) {
  const { metrics, training, trust } = manifest;
  return {
    name: manifest.name,
    version: manifest.version,
    architecture: manifest.architecture,
    size: manifest.input.size,
    classNames: manifest.class_names,
    intendedUse: manifest.intended_use,
    limits: manifest.limits,
    license: manifest.license,
    sha256,
    data: manifest.data,
    counts: readCounts(training),
    trainingPatients: readNumber(training.training_patients),
    heldOutPatients: readNumber(training.validation_patients),
    decisions: readDecisions(metrics.decisions),
    figures: Object.entries(readRecord(metrics.figures)).flatMap(readFigure),
    classFigures: Object.entries(readRecord(metrics.classes)).flatMap(readClassFigures),
    confusions: readConfusions(metrics.confusion_matrix, manifest.class_names.length),
    rocCurves: Object.entries(readRecord(metrics.roc)).flatMap(readRocCurves),
    calibration: readCalibration(metrics.calibration),
    points: trust === null ? [] : readPoints(trust),
  };
}

/**
 * @param {Record<string, unknown>} training
 * @returns {ClassCount[]}
 */
function readCounts({ training_slices, validation_slices }) {
  const used = readRecord(training_slices);
  const heldOut = readRecord(validation_slices);
  return Object.keys(used).map((name) => ({
    name,
    training: readNumber(used[name]),
    heldOut: readNumber(heldOut[name]),
  }));
}

/**
 * @param {[string, unknown]} entry
 * @returns {Figure[]}
 */
function readFigure([name, recorded]) {
  const { value, low, high, n, patients } = readRecord(recorded);
  if (typeof value !== 'number' || typeof n !== 'number' || typeof patients !== 'number') return [];
  return [{ name, value, low: readNumber(low), high: readNumber(high), n, patients }];
}

/**
 * @param {[string, unknown]} entry
 * @returns {ClassFigures[]}
 */
function readClassFigures([name, recorded]) {
  const { precision, recall, f1 } = readRecord(recorded);
  return typeof precision === 'number' && typeof recall === 'number' && typeof f1 === 'number'
    ? [{ name, precision, recall, f1 }]
    : [];
}

/**
 * @param {unknown} rows
 * @param {number} classCount
 * @returns {number[][]}
 */
function readConfusions(rows, classCount) {
  const isSquare =
    Array.isArray(rows) &&
    rows.length === classCount &&
    rows.every((row) => Array.isArray(row) && row.length === classCount);
  return isSquare ? rows : [];
}

/**
 * @param {NonNullable<ModelAnswer['manifest']['trust']>} trust
 * @returns {PointFigures[]}
 */
function readPoints({ operating_points, figures }) {
  return Object.keys(operating_points).map((name) => {
    const read = (/** @type {string} */ figure) =>
      readNumber(readRecord(figures[`${name}_${figure}`]).value);
    return {
      name,
      answered: read('answered'),
      right: read('right_of_answered'),
    };
  });
}
