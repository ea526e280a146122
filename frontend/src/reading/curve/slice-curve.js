import { assignClassColors } from '../../answer/class-colors.js';
import { describeClass } from '../../answer/decision.js';
import { formatPercentage, formatProgress } from '../../i18n/percentage.js';
import { translate } from '../../i18n/translate.js';
import { createElement, createShape } from '../../shell/element.js';
import { clamp } from '../clamp.js';
import { describeFigures, describeSeen } from '../viewer/slice-status.js';
import './slice-curve.css';

/** @typedef {import('../../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {{ index: number, probability: number }} Point */

const NO_TUMOR = 'no_tumor';
// In units of the drawing, which is stretched to its place; lines keep their width.
const HEIGHT = 100;

/**
 * The probabilities along the slices of a volume. Slices that were not analysed are gaps.
 * @param {HTMLElement} root
 * @param {{ onSlice: (index: number) => void }} listeners told of the slice under a click
 */
export function createSliceCurve(root, { onSlice }) {
  /** @type {PredictionAnswer | null} */
  let shown = null;
  const drawing = createShape('svg', { role: 'img', preserveAspectRatio: 'none' });
  const hint = createShape('title', {});
  drawing.addEventListener('click', (event) => onSlice(findIndex(event)));
  drawing.addEventListener('pointermove', (event) => {
    if (shown === null) return;
    const index = findIndex(event);
    hint.textContent = `${describeSeen(shown.input, index)} · ${describeFigures(shown, index)}`;
  });

  /** @param {MouseEvent} event */
  function findIndex({ clientX }) {
    const { left, width } = drawing.getBoundingClientRect();
    const count = shown?.input.slice_count ?? 1;
    return clamp(Math.floor(((clientX - left) / width) * count), 0, count - 1);
  }

  const seen = createShape('path', { class: 'curve-seen' });
  const legend = createElement('ul', { className: 'curve-legend' });
  const section = createElement('section', { className: 'slice-curve', hidden: true }, [
    createElement('h3', { textContent: translate('curve.title') }),
    legend,
    createElement('div', { className: 'curve-plot' }, [
      createElement('span', { className: 'curve-scale', textContent: formatProgress(1) }),
      drawing,
      createElement('span', {
        className: 'curve-scale curve-zero',
        textContent: formatProgress(0),
      }),
    ]),
  ]);
  root.append(section);

  return {
    /** @param {PredictionAnswer | null} prediction */
    update(prediction) {
      if (prediction === shown) return;
      shown = prediction;
      section.hidden = prediction === null || prediction.input.slice_count < 2;
      if (prediction === null || section.hidden) return;
      const lines = listLines(prediction);
      const count = prediction.input.slice_count;
      drawing.setAttribute('viewBox', `0 0 ${count} ${HEIGHT}`);
      drawing.setAttribute('aria-label', describeCurve(prediction));
      drawing.replaceChildren(
        hint,
        ...prediction.findings.map(({ slices: [from, to] }) => drawBand('curve-finding', from, to)),
        ...listUnjudged(prediction).map(([from, to]) => drawBand('curve-unjudged', from, to)),
        drawGrid(count),
        drawMarker(prediction.input.view.slice_index),
        ...lines.map(drawLine),
        seen,
      );
      legend.replaceChildren(...lines.map(createLegendEntry));
    },

    /** @param {number} index of the slice that is seen now */
    mark(index) {
      seen.setAttribute('d', `M${index + 0.5} 0V${HEIGHT}`);
    },
  };
}

/** @typedef {{ name: string, color: string, points: Point[] }} Line */

/**
 * One line for each kind of tumour, below the line for any tumour; a model without a class for no tumour has no such
 * line.
 * @param {PredictionAnswer} prediction
 * @returns {Line[]}
 */
function listLines({ slices }) {
  const analysed = slices.flatMap(({ index, probabilities }) =>
    probabilities === null ? [] : [{ index, probabilities }],
  );
  const names = Object.keys(analysed[0]?.probabilities ?? {});
  const colors = assignClassColors(names);
  const lines = names
    .filter((name) => name !== NO_TUMOR)
    .map((name) => ({
      name: describeClass(name),
      color: colors.get(name) ?? '',
      points: analysed.map(({ index, probabilities }) => ({
        index,
        probability: probabilities[name] ?? 0,
      })),
    }));
  const shares = slices.flatMap(({ index, tumor_probability }) =>
    tumor_probability === null ? [] : [{ index, probability: tumor_probability }],
  );
  if (shares.length > 0)
    lines.push({ name: translate('curve.anyTumor'), color: 'var(--text)', points: shares });
  return lines;
}

/**
 * Stretches of slices that show too little of the brain, or are out of scope.
 * @param {PredictionAnswer} prediction
 */
function listUnjudged({ input, slices }) {
  const judged = slices.flatMap(({ index, probabilities }) => (probabilities ? [index] : []));
  const stops = [-1, ...judged, input.slice_count];
  return stops.slice(1).flatMap((stop, place) => {
    const from = (stops[place] ?? -1) + 1;
    return from < stop ? [/** @type {[number, number]} */ ([from, stop - 1])] : [];
  });
}

/** @param {PredictionAnswer} prediction */
function describeCurve({ input, slices }) {
  const analysed = { analysed: slices.length, count: input.slice_count };
  const shares = slices.map(({ tumor_probability }) => tumor_probability ?? 0);
  const place = slices[shares.indexOf(Math.max(...shares))];
  if (place === undefined || place.tumor_probability === null)
    return translate('curve.analysed', analysed);
  return translate('curve.highest', {
    ...analysed,
    position: place.index + 1,
    percentage: formatPercentage(place.tumor_probability),
  });
}

/**
 * @param {string} name of its class
 * @param {number} from slice
 * @param {number} to slice, inclusive
 */
function drawBand(name, from, to) {
  const size = { y: '0', width: String(to - from + 1), height: String(HEIGHT) };
  return createShape('rect', { class: name, x: String(from), ...size });
}

/** @param {number} count */
function drawGrid(count) {
  const middle = HEIGHT / 2;
  return createShape('path', {
    class: 'curve-grid',
    d: `M0 ${middle}H${count}M0 ${HEIGHT}H${count}M0 0H${count}`,
  });
}

/** @param {number} index of the slice with the highest tumour probability */
function drawMarker(index) {
  return createShape('path', { class: 'curve-marker', d: `M${index + 0.5} 0V${HEIGHT}` });
}

/** @param {Line} line */
function drawLine({ color, points }) {
  const path = createShape('path', { class: 'curve-line', d: tracePath(points) });
  path.style.stroke = color;
  return path;
}

/**
 * @param {Point[]} points in the order of the stack
 * @returns {string} of an SVG path; after a gap a new piece begins, and a slice alone is a dot
 */
export function tracePath(points) {
  const pieces = points.map(({ index, probability }, position) => {
    const place = `${index + 0.5} ${Number(((1 - probability) * HEIGHT).toFixed(2))}`;
    const follows = points[position - 1]?.index === index - 1;
    const isAlone = !follows && points[position + 1]?.index !== index + 1;
    return `${follows ? 'L' : 'M'}${place}${isAlone ? 'h0' : ''}`;
  });
  return pieces.join('');
}

/** @param {Line} line */
function createLegendEntry({ name, color }) {
  const swatch = createElement('span', { className: 'curve-swatch' });
  swatch.style.setProperty('--class-color', color);
  return createElement('li', {}, [swatch, name]);
}
