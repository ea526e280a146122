import { isCompressed, isNIFTI, NIFTI1, readHeader, readImage } from 'nifti-reader-js';
import { unpackGzip } from '../pixels/voxels.js';
import { measureAxis, orientVolume } from './orient.js';

/** @typedef {import('./orient.js').Numbers} Numbers */

/** @type {Record<number, new (buffer: ArrayBuffer) => Numbers>} */
const KINDS = {
  [NIFTI1.TYPE_INT8]: Int8Array,
  [NIFTI1.TYPE_UINT8]: Uint8Array,
  [NIFTI1.TYPE_INT16]: Int16Array,
  [NIFTI1.TYPE_UINT16]: Uint16Array,
  [NIFTI1.TYPE_INT32]: Int32Array,
  [NIFTI1.TYPE_UINT32]: Uint32Array,
  [NIFTI1.TYPE_FLOAT32]: Float32Array,
  [NIFTI1.TYPE_FLOAT64]: Float64Array,
};
// The service's own bound: an axis is the stack's where its spacing is so much coarser than the third's.
const COARSER = 1.5;

/**
 * The first volume of a NIfTI file.
 * @param {Blob} file
 * @returns {Promise<import('../pixels/voxels.js').Voxels | null>} null where it has none of plain numbers
 */
export async function readNifti(file) {
  let data = await file.arrayBuffer();
  if (isCompressed(data)) data = await unpackGzip(data);
  if (!isNIFTI(data)) return null;
  const header = readHeader(data);
  const Kind = KINDS[header.datatypeCode];
  const shape = /** @type {[number, number, number]} */ (
    [1, 2, 3].map((axis) => Math.max(1, header.dims[axis] ?? 1))
  );
  const count = shape[0] * shape[1] * shape[2];
  if (Kind === undefined) return null;
  const bytes = readImage(header, data).slice(0, (count * header.numBitsPerVoxel) / 8);
  if (!header.littleEndian) swapBytes(new Uint8Array(bytes), header.numBitsPerVoxel / 8);
  const numbers = new Kind(bytes);
  if (numbers.length < count) return null;
  const affine = header.affine.slice(0, 3);
  const slope = Number.isFinite(header.scl_slope) && header.scl_slope !== 0 ? header.scl_slope : 1;
  const intercept = slope === header.scl_slope ? header.scl_inter : 0;
  return orientVolume({
    numbers,
    shape,
    affine,
    stacked: findStacked(shape, affine),
    slope,
    intercept,
  });
}

/**
 * The axis along which slices are stacked: the third, or one that is clearly coarser; a single slice lies across an axis
 * of one voxel.
 * @param {[number, number, number]} shape
 * @param {number[][]} affine
 * @returns {0 | 1 | 2}
 */
function findStacked(shape, affine) {
  const spacing = [0, 1, 2].map((axis) => measureAxis(affine, axis));
  const coarsest = spacing.indexOf(Math.max(...spacing));
  const stacked = (spacing[coarsest] ?? 0) > COARSER * (spacing[2] ?? 0) ? coarsest : 2;
  const found = shape.includes(1) && (shape[stacked] ?? 1) > 1 ? shape.lastIndexOf(1) : stacked;
  return /** @type {0 | 1 | 2} */ (found);
}

/**
 * @param {Uint8Array} bytes changed in place
 * @param {number} size of a number
 */
function swapBytes(bytes, size) {
  for (let at = 0; at + size <= bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}
