import { formatNumber } from '../../i18n/format.js';
import { translate } from '../../i18n/translate.js';
import { createElement } from '../../shell/element.js';
import { setText } from './slice-status.js';

/** @typedef {import('../preview/describe-input.js').Seen} Seen */

// Left, right, top and bottom, as radiologists view a patient: from the feet, from the front, from the left.
/** @type {Record<string, string>} */
const MARKS = { axial: 'RLAP', coronal: 'RLSI', sagittal: 'APSI' };
const SIDES = ['left', 'right', 'top', 'bottom'];
// So close to each other, and so long, that its words fit on the bar.
const LENGTHS_MM = [100, 50, 30, 20, 10, 5, 3, 2, 1];
const LONGEST_SHARE = 0.37;

/**
 * What is written over the slice: the patient's sides and a scale bar.
 * @param {HTMLElement} frame of the slice
 */
export function createSliceOverlay(frame) {
  const marks = SIDES.map((side) => createElement('span', { className: `mark mark-${side}` }));
  const bar = createElement('span', { className: 'scale-bar' });
  frame.append(...marks, bar);

  return {
    /**
     * @param {Seen | null} input
     * @param {number} pixelsPerMm of the screen; 0 where it is not known
     */
    update(input, pixelsPerMm) {
      const letters = MARKS[input?.plane ?? ''] ?? '';
      for (const [index, mark] of marks.entries()) {
        mark.hidden = letters === '';
        setText(mark, letters[index] ?? '');
      }
      const most = LONGEST_SHARE * frame.clientWidth;
      const length = LENGTHS_MM.find((mm) => mm * pixelsPerMm <= most) ?? 0;
      bar.hidden = pixelsPerMm === 0 || length === 0;
      bar.style.width = `${length * pixelsPerMm}px`;
      setText(bar, formatLength(length));
    },
  };
}

/**
 * The side of a pixel of the view, which is square.
 * @param {Seen} input
 * @returns {number | null} in mm; null where it is not known
 */
export function measurePixel({ spacing_mm, width, height, view }) {
  const [rows, columns] = spacing_mm ?? [];
  if (rows === undefined || columns === undefined) return null;
  return view.turning.transposed ? (rows * height) / view.width : (columns * width) / view.width;
}

/**
 * @param {import('./display.js').Line} line
 * @param {Seen} input
 */
export function describeRuler([from, to], input) {
  const { width, height } = input.view;
  const pixels = Math.hypot((to.x - from.x) * width, (to.y - from.y) * height);
  const side = measurePixel(input);
  if (side === null) return translate('viewer.pixels', { count: Math.round(pixels) });
  return formatLength(pixels * side);
}

/**
 * @param {{ intensity: number, place: number[] }} probed
 */
export function describeProbe({ intensity, place }) {
  const [right, anterior, superior] = place.map((mm) =>
    formatNumber(mm, { maximumFractionDigits: 0 }),
  );
  return translate('viewer.probe', {
    right: right ?? '',
    anterior: anterior ?? '',
    superior: superior ?? '',
    intensity: formatNumber(intensity, { maximumSignificantDigits: 4, useGrouping: false }),
  });
}

/** @param {number} mm */
function formatLength(mm) {
  return `${formatNumber(mm, { maximumFractionDigits: mm < 10 ? 1 : 0 })}\u00a0mm`;
}
