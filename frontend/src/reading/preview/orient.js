import { makeVoxels } from '../pixels/voxels.js';

/** @typedef {import('../pixels/voxels.js').Voxels} Voxels */
/** @typedef {Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array
 *   | Float64Array} Numbers */

/**
 * Voxels as a file stores them.
 * @typedef {object} StoredVolume
 * @property {Numbers} numbers the first axis runs fastest
 * @property {[number, number, number]} shape
 * @property {number[][]} affine three rows: from indices to mm towards the patient's right, anterior and superior
 * @property {0 | 1 | 2} stacked axis along which the file stacks its slices
 * @property {number} slope of intensities
 * @property {number} intercept
 */

const LARGEST = 65_535;
const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

/**
 * Turns a volume as the service does: axes are only exchanged and reversed, until they grow nearest to the patient's
 * right, anterior and superior.
 * @param {StoredVolume} stored
 * @returns {Voxels}
 */
export function orientVolume({ numbers, shape, affine, stacked, slope, intercept }) {
  const order = findOrder(affine);
  const turned = order.map((axis) => /** @type {number} */ (shape[axis]));
  const strides = [1, shape[0], shape[0] * shape[1]];
  const turnedAffine = affine.map((row) => [0, 0, 0, row[3] ?? 0]);
  const steps = order.map((axis, place) => {
    const isReversed = (affine[place]?.[axis] ?? 0) < 0;
    const length = /** @type {number} */ (shape[axis]);
    for (const [row, cells] of turnedAffine.entries()) {
      const along = affine[row]?.[axis] ?? 0;
      cells[place] = isReversed ? -along : along;
      if (isReversed) cells[3] = (cells[3] ?? 0) + along * (length - 1);
    }
    const stride = /** @type {number} */ (strides[axis]);
    return isReversed ? { stride: -stride, start: stride * (length - 1) } : { stride, start: 0 };
  });
  const scaled = fitIn16Bits(numbers);
  const target = new scaled.Kind(numbers.length);
  const [right, anterior, superior] = /** @type {[Step, Step, Step]} */ (steps);
  let at = 0;
  for (let k = 0; k < (turned[2] ?? 0); k += 1) {
    for (let j = 0; j < (turned[1] ?? 0); j += 1) {
      let from =
        right.start + anterior.start + superior.start + j * anterior.stride + k * superior.stride;
      for (let i = 0; i < (turned[0] ?? 0); i += 1) {
        const number = /** @type {number} */ (numbers[from]);
        target[at] = scaled.isScaled ? scaled.fit(number) : number;
        at += 1;
        from += right.stride;
      }
    }
  }
  return makeVoxels({
    stored: target,
    shape: /** @type {[number, number, number]} */ (turned),
    sliceAxis: /** @type {0 | 1 | 2} */ (order.indexOf(stacked)),
    slope: slope * scaled.slope,
    intercept: slope * scaled.intercept + intercept,
    affine: turnedAffine,
  });
}

/** @typedef {{ stride: number, start: number }} Step along an axis of the patient, in numbers of the file */

/**
 * @param {number[][]} affine
 * @returns {number[]} for right, anterior and superior the nearest of the file's axes
 */
function findOrder(affine) {
  const lengths = [0, 1, 2].map((axis) => measureAxis(affine, axis) || 1);
  const likeness = (/** @type {number[]} */ order) =>
    order.reduce(
      (sum, axis, place) => sum + Math.abs(affine[place]?.[axis] ?? 0) / (lengths[axis] ?? 1),
      0,
    );
  return ORDERS.reduce((best, order) => (likeness(order) > likeness(best) ? order : best));
}

/**
 * @param {number[][]} affine
 * @param {number} axis
 * @returns {number} mm from a voxel to the next
 */
export function measureAxis(affine, axis) {
  return Math.hypot(...affine.map((row) => row[axis] ?? 0));
}

/**
 * How numbers become 16-bit ones: as they are where they fit, else by their range.
 * @param {Numbers} numbers
 */
function fitIn16Bits(numbers) {
  const same = { isScaled: false, fit: (/** @type {number} */ one) => one, slope: 1, intercept: 0 };
  if (numbers instanceof Uint16Array) return { ...same, Kind: Uint16Array };
  if (numbers.BYTES_PER_ELEMENT < 4) return { ...same, Kind: Int16Array };
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = 0; at < numbers.length; at += 1) {
    const number = /** @type {number} */ (numbers[at]);
    if (!Number.isFinite(number)) continue;
    if (number < low) low = number;
    if (number > high) high = number;
  }
  if (low > high) [low, high] = [0, 0];
  const slope = high > low ? (high - low) / LARGEST : 1;
  return {
    Kind: Uint16Array,
    isScaled: true,
    // What is not finite is darkest.
    fit: (/** @type {number} */ one) =>
      Number.isFinite(one) ? Math.round((one - low) / slope) : 0,
    slope,
    intercept: low,
  };
}
