import { assignClassColors } from '../answer/class-colors.js';
import { describeClass } from '../answer/decision.js';
import { formatNumber } from '../i18n/format.js';
import { formatShare } from '../i18n/percentage.js';
import { isMessageKey, translate } from '../i18n/translate.js';
import { createElement } from '../shell/element.js';
import { areFew } from './decisions.js';
import { ABSENT, createTable } from './tables.js';
import './figure-tables.css';

/** @typedef {import('./model-card.js').ModelCard} ModelCard */
/** @typedef {import('./model-card.js').Figure} Figure */

// These are shares of patients, not of slices.
const BY_PATIENT = new Set(['healthy_volumes_called_tumor', 'tumor_kind_by_patient']);

/** @param {ModelCard} card */
export function createFigureTable({ figures }) {
  const heads = [
    translate('model.figure'),
    translate('model.value'),
    translate('model.interval'),
    translate('model.slices'),
    translate('model.patients'),
  ];
  const rows = figures.map((figure) => [
    describeFigure(figure.name),
    describeValue(figure),
    createInterval(figure),
    formatNumber(figure.n),
    formatNumber(figure.patients),
  ]);
  return createTable('model.figuresTitle', heads, rows);
}

/** @param {string} name */
function describeFigure(name) {
  const key = `figure.${name}`;
  return isMessageKey(key) ? translate(key) : name.replaceAll('_', ' ');
}

/** @param {Figure} figure */
function isCount({ name, n, patients }) {
  return isShare(name) && areFew(patients, n);
}

/** @param {Figure} figure */
function describeValue(figure) {
  const { name, value, n, patients } = figure;
  if (!isCount(figure)) return formatFigure(name, value);
  const total = BY_PATIENT.has(name) ? patients : n;
  return translate('decisions.countOf', { count: Math.round(value * total), total });
}

/**
 * Areas and errors are not shares of anything.
 * @param {string} name
 */
function isShare(name) {
  return !/auc|ece|f1|average_precision/.test(name);
}

/**
 * @param {string} name
 * @param {number} value
 */
function formatFigure(name, value) {
  if (isShare(name)) return formatShare(value);
  return formatNumber(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** @param {Figure} figure */
function createInterval(figure) {
  const { name, low, high } = figure;
  if (low === null || high === null || isCount(figure)) return ABSENT;
  const words = translate('model.range', {
    low: formatFigure(name, low),
    high: formatFigure(name, high),
  });
  return createElement('span', { className: 'model-interval-cell' }, [words, drawInterval(figure)]);
}

/** @param {Figure} figure */
function drawInterval({ value, low, high }) {
  const drawing = createElement('span', { className: 'model-interval' });
  drawing.style.setProperty('--value', String(value));
  drawing.style.setProperty('--low', String(low ?? value));
  drawing.style.setProperty('--high', String(high ?? value));
  return drawing;
}

/** @param {ModelCard} card */
export function createClassTable({ classFigures, classNames }) {
  const colors = assignClassColors(classNames);
  const heads = [
    translate('model.class'),
    translate('model.precision'),
    translate('model.recall'),
    translate('model.f1'),
  ];
  const rows = classFigures.map(({ name, precision, recall, f1 }) => [
    describeClass(name),
    ...[precision, recall].map((value) => drawBar(formatShare(value), value, colors.get(name))),
    drawBar(formatFigure('f1', f1), f1, colors.get(name)),
  ]);
  return createTable('model.classesTitle', heads, rows);
}

/**
 * @param {string} words
 * @param {number} value in 0..1
 * @param {string | undefined} color
 */
function drawBar(words, value, color = '') {
  const bar = createElement('span', { className: 'model-bar' });
  bar.style.setProperty('--value', String(value));
  bar.style.setProperty('--class-color', color);
  return createElement('span', { className: 'model-bar-cell' }, [
    createElement('span', { textContent: words }),
    bar,
  ]);
}

/** @param {ModelCard} card */
export function createConfusionTable({ confusions, classNames }) {
  const heads = classNames.map((name) =>
    translate('model.predicted', { kind: describeClass(name) }),
  );
  const rows = confusions.map((row, index) => {
    const sum = row.reduce((total, count) => total + count, 0);
    return [describeClass(classNames[index] ?? ''), ...row.map((count) => shadeCount(count, sum))];
  });
  return createTable('model.confusionTitle', [translate('model.confusionCorner'), ...heads], rows);
}

/**
 * @param {number} count
 * @param {number} sum of its row
 */
function shadeCount(count, sum) {
  const field = createElement('span', {
    className: 'model-count',
    textContent: formatNumber(count),
  });
  field.style.setProperty('--share', String(sum === 0 ? 0 : count / sum));
  return field;
}
