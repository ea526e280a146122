import { assignClassColors } from '../answer/class-colors.js';
import { describeClass } from '../answer/decision.js';
import { formatNumber } from '../i18n/format.js';
import { formatProgress, formatShare } from '../i18n/percentage.js';
import { translate } from '../i18n/translate.js';
import { createElement, createShape } from '../shell/element.js';
import './curves-view.css';

/** @typedef {import('./model-card.js').ModelCard} ModelCard */
/** @typedef {import('./curves.js').RocCurve} RocCurve */
/** @typedef {import('./curves.js').CalibrationBin} CalibrationBin */

// In units of the drawing, which is scaled to its place; lines keep their width.
const SIDE = 100;
const TUMOR_AGAINST_NONE = 'tumor_against_none';

/** @param {ModelCard} card */
export function createRocPlot({ rocCurves, classNames }) {
  if (rocCurves.length === 0) return [];
  const colors = assignClassColors(classNames);
  const shown = rocCurves.map(({ name, area, points }) => {
    const isAny = name === TUMOR_AGAINST_NONE;
    const kind = isAny ? translate('model.rocTumor') : describeClass(name);
    const words = translate('model.rocCurve', { kind, area: formatArea(area) });
    return { words, points, color: isAny ? 'var(--text)' : (colors.get(name) ?? '') };
  });
  const drawing = createDrawing(
    translate('model.rocWords', { curves: shown.map(({ words }) => words).join('; ') }),
    shown.map(({ points, color }) => {
      const path = createShape('path', { class: 'model-curve', d: tracePoints(points) });
      path.style.stroke = color;
      return path;
    }),
  );
  const legend = shown.map(({ words, color }) => {
    const swatch = createElement('span', { className: 'model-curve-swatch' });
    swatch.style.setProperty('--class-color', color);
    return createElement('li', {}, [swatch, createElement('span', { textContent: words })]);
  });
  return [
    createElement('div', { className: 'model-curve-part' }, [
      createFrame(drawing, translate('model.rocAcross'), translate('model.rocUp')),
      createElement('ul', { className: 'model-curve-legend' }, legend),
    ]),
  ];
}

/** @param {number} area */
function formatArea(area) {
  return formatNumber(area, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** @param {ModelCard} card */
export function createCalibrationPlot({ calibration }) {
  if (calibration.length === 0) return [];
  const total = calibration.reduce((sum, { n }) => sum + n, 0);
  const points = calibration.map(({ confidence, accuracy }) => [confidence, accuracy]);
  const bins = calibration.map((bin) => {
    const shares = {
      predicted: formatShare(bin.confidence),
      correct: formatShare(bin.accuracy),
    };
    return translate('model.calibrationBin', { ...shares, count: formatNumber(bin.n) });
  });
  const drawing = createDrawing(translate('model.calibrationWords', { bins: bins.join('; ') }), [
    ...calibration.map((bin) => drawBar(bin, total)),
    createShape('path', { class: 'model-curve model-curve-found', d: tracePoints(points) }),
    ...calibration.map((bin) => drawPoint(bin, total)),
  ]);
  return [
    createElement('div', { className: 'model-curve-part' }, [
      createFrame(drawing, translate('model.calibrationAcross'), translate('model.calibrationUp')),
    ]),
  ];
}

/**
 * @param {CalibrationBin} bin
 * @param {number} total
 */
function drawBar({ low, high, n }, total) {
  const height = (n / total) * SIDE;
  return createShape('rect', {
    class: 'model-curve-bar',
    x: String(low * SIDE),
    y: String(SIDE - height),
    width: String((high - low) * SIDE),
    height: String(height),
  });
}

/**
 * The fewer slices, the smaller the point.
 * @param {CalibrationBin} bin
 * @param {number} total
 */
function drawPoint({ n, confidence, accuracy }, total) {
  return createShape('circle', {
    class: 'model-curve-point',
    cx: String(confidence * SIDE),
    cy: String((1 - accuracy) * SIDE),
    r: String(Math.max(0.7, 4 * Math.sqrt(n / total))),
  });
}

/**
 * A square from 0 to 1 both ways, with the diagonal.
 * @param {string} words what is drawn
 * @param {SVGElement[]} content
 */
function createDrawing(words, content) {
  const drawing = createShape('svg', {
    viewBox: `0 0 ${SIDE} ${SIDE}`,
    role: 'img',
    'aria-label': words,
  });
  drawing.append(
    createShape('path', { class: 'model-curve-axes', d: `M0 0V${SIDE}H${SIDE}` }),
    createShape('path', { class: 'model-curve-diagonal', d: `M0 ${SIDE}L${SIDE} 0` }),
    ...content,
  );
  return drawing;
}

/**
 * @param {SVGElement} drawing
 * @param {string} across
 * @param {string} up
 */
function createFrame(drawing, across, up) {
  const label = (/** @type {string} */ className, /** @type {string} */ textContent) =>
    createElement('span', { className, textContent });
  return createElement('div', { className: 'model-curve-frame' }, [
    label('model-curve-up', up),
    label('model-curve-top', formatProgress(1)),
    drawing,
    label('model-curve-zero', formatProgress(0)),
    label('model-curve-across', across),
    label('model-curve-end', formatProgress(1)),
  ]);
}

/** @param {number[][]} points from the lower left to the upper right */
function tracePoints(points) {
  const places = points.map(([across = 0, up = 0]) =>
    [across, 1 - up].map((share) => Number((share * SIDE).toFixed(2))).join(' '),
  );
  return `M${places.join('L')}`;
}
