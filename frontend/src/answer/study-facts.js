import { formatNumber } from '../i18n/format.js';
import { isMessageKey, translate } from '../i18n/translate.js';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

/**
 * The position of the slice in its volume, and its plane.
 * @param {Pick<PredictionAnswer['input'], 'slice_count' | 'plane' | 'view'>} input
 */
export function describePlace({ slice_count, plane, view }) {
  const parts = [];
  if (slice_count > 1) {
    parts.push(translate('slice.place', { position: view.slice_index + 1, count: slice_count }));
  }
  if (plane !== null) parts.push(describePlane(plane));
  return parts.join(', ');
}

/**
 * How many files of a folder are not scans.
 * @param {number} count
 */
export function describeLeftOut(count) {
  return count === 1
    ? translate('intake.leftOut.one')
    : translate('intake.leftOut.other', { count });
}

/**
 * What was read, by which model, how fast, as terms and values.
 * @param {PredictionAnswer} prediction
 * @returns {[string, string][]}
 */
export function describeFacts({ input, model, timing_ms }) {
  /** @type {[string, string][]} */
  const facts = [[translate('facts.scan'), describeScan(input)]];
  if (input.spacing_mm !== null) {
    const [rows = '', columns = ''] = input.spacing_mm.map((spacing) =>
      formatNumber(spacing, { maximumFractionDigits: 2 }),
    );
    facts.push([translate('facts.pixel'), translate('facts.pixelSize', { rows, columns })]);
  }
  const { window } = input.view;
  if (window !== null) {
    const lower = formatLevel(window.lower);
    const upper = formatLevel(window.upper);
    facts.push([translate('facts.window'), translate('facts.windowRange', { lower, upper })]);
  }
  return [
    ...facts,
    [translate('facts.model'), `${model.name} ${model.version}`],
    [
      translate('facts.engine'),
      translate('facts.engineOn', { engine: model.engine, device: model.device }),
    ],
    [translate('facts.time'), `${formatNumber(Math.round(timing_ms.total))} ms`],
  ];
}

/** @param {PredictionAnswer['input']} input */
function describeScan({ format, modality, slice_count, plane, width, height }) {
  const parts = [
    modality === null ? describeFormat(format) : `${describeFormat(format)} ${modality}`,
  ];
  if (slice_count > 1) parts.push(translate('facts.slices', { count: slice_count }));
  if (plane !== null) parts.push(describePlane(plane));
  parts.push(translate('facts.pixels', { width: String(width), height: String(height) }));
  return parts.join(', ');
}

/** @param {string} format */
function describeFormat(format) {
  return format === 'nifti' ? 'NIfTI' : format.toUpperCase();
}

/** @param {string} plane */
export function describePlane(plane) {
  const key = `plane.${plane}`;
  return isMessageKey(key) ? translate(key) : plane;
}

/** @param {number} intensity */
function formatLevel(intensity) {
  return formatNumber(intensity, { maximumSignificantDigits: 4, useGrouping: false });
}
