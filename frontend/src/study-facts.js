/** @typedef {import('./api/client.js').PredictionAnswer} PredictionAnswer */

const MULTIPLE = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const LEVEL = new Intl.NumberFormat('en', { maximumSignificantDigits: 4, useGrouping: false });

/**
 * Where the slice lies that is shown: in its volume, and in the head.
 * @param {PredictionAnswer['input']} input
 */
export function describePlace({ slice_count, plane, view }) {
  const parts = [];
  if (slice_count > 1) parts.push(`Slice ${view.slice_index + 1} of ${slice_count}`);
  if (plane !== null) parts.push(plane);
  return parts.join(', ');
}

/**
 * Of a folder's files that are no scans.
 * @param {number} count
 */
export function describeLeftOut(count) {
  return count === 1
    ? '1 file of another kind was left out.'
    : `${count} files of other kinds were left out.`;
}

/**
 * What was read, by which model, how fast: terms and words.
 * @param {PredictionAnswer} prediction
 * @returns {[string, string][]}
 */
export function describeFacts({ input, model, timing_ms }) {
  /** @type {[string, string][]} */
  const facts = [['Scan', describeScan(input)]];
  if (input.spacing_mm !== null) {
    const [rows, columns] = input.spacing_mm.map((spacing) => MULTIPLE.format(spacing));
    facts.push(['Pixel', `${rows} × ${columns} mm`]);
  }
  const { window } = input.view;
  if (window !== null) {
    facts.push(['Window', `${LEVEL.format(window.lower)} to ${LEVEL.format(window.upper)}`]);
  }
  return [
    ...facts,
    ['Model', `${model.name} ${model.version}`],
    ['Engine', `${model.engine} on ${model.device}`],
    ['Time', `${Math.round(timing_ms.total)} ms`],
  ];
}

/** @param {PredictionAnswer['input']} input */
function describeScan({ format, modality, slice_count, plane, width, height }) {
  const parts = [
    modality === null ? describeFormat(format) : `${describeFormat(format)} ${modality}`,
  ];
  if (slice_count > 1) parts.push(`${slice_count} slices`);
  if (plane !== null) parts.push(plane);
  parts.push(`${width} × ${height} pixels`);
  return parts.join(', ');
}

/** @param {string} format */
function describeFormat(format) {
  return format === 'nifti' ? 'NIfTI' : format.toUpperCase();
}
