import { measureAxis } from './orient.js';

/** @typedef {import('../pixels/voxels.js').Voxels} Voxels */
/** @typedef {import('../../api/client.js').PredictionAnswer} PredictionAnswer */
/**
 * @typedef {Pick<PredictionAnswer['input'], 'slice_count' | 'plane' | 'spacing_mm' | 'width' | 'height' | 'view'> &
 *   Partial<Pick<PredictionAnswer['input'], 'series'>>} Seen
 */

/** By the axis along which slices are stacked. */
const PLANES = /** @type {const} */ (['sagittal', 'coronal', 'axial']);

/**
 * What an answer will say of the slices, where the browser alone has read them.
 * @param {Voxels} voxels
 * @returns {Seen}
 */
export function describeInput({ affine, sliceAxis, sliceCount, width, height }) {
  const [columns = 1, rows = 1] = [0, 1, 2]
    .filter((axis) => axis !== sliceAxis)
    .map((axis) => measureAxis(affine, axis));
  const side = Math.min(rows, columns);
  const size = { width: (width * columns) / side, height: (height * rows) / side };
  return {
    slice_count: sliceCount,
    plane: PLANES[sliceAxis],
    spacing_mm: [rows, columns],
    width,
    height,
    view: {
      ...size,
      slice_index: 0,
      turning: { transposed: false, rows_reversed: false, columns_reversed: false },
      crop: { top: 0, left: 0, ...size },
      window: null,
      picture_png: null,
    },
  };
}

/**
 * Whether a number means the same slice in both, as far as they say.
 * @param {Seen} one
 * @param {Seen} other
 */
export function areSameStack(one, other) {
  const [read, alsoRead] = [one, other].map(({ series }) => series?.find(({ chosen }) => chosen));
  return (
    one.slice_count === other.slice_count &&
    one.plane === other.plane &&
    (!one.series || read?.uid === alsoRead?.uid)
  );
}
