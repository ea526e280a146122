/**
 * A volume, as `POST /volume` gives it: the axes grow to the patient's right, anterior and superior.
 * @typedef {object} Voxels
 * @property {Int16Array | Uint16Array} stored the first axis runs fastest
 * @property {[number, number, number]} shape
 * @property {0 | 1 | 2} sliceAxis along which slices are stacked
 * @property {number} sliceCount
 * @property {number} width columns of a slice: along the first of the two other axes, reversed
 * @property {number} height rows of a slice: along the second, reversed
 * @property {number} slope of intensities, which are `stored * slope + intercept`
 * @property {number} intercept
 * @property {number[][]} affine three rows: from a voxel's indices to mm towards right, anterior and superior
 * @property {number} least intensity
 * @property {number} largest intensity
 */

const HEADER_BYTES = 352;
const INT16 = 4;
const UINT16 = 512;

/**
 * @param {ArrayBuffer} compressed by gzip
 * @returns {Promise<ArrayBuffer>}
 */
export async function unpackGzip(compressed) {
  const packed = new Response(compressed).body;
  if (packed === null) throw new Error('nothing to unpack');
  return new Response(packed.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

/**
 * Reads the one layout that the service writes (NIfTI-1, https://nifti.nimh.nih.gov/nifti-1): little-endian, 16 bits.
 * @param {ArrayBuffer} file unpacked
 * @returns {Voxels}
 */
export function parseVoxels(file) {
  if (file.byteLength < HEADER_BYTES) throw new Error('a header is missing');
  const header = new DataView(file);
  const kind = header.getInt16(70, true);
  if (header.getInt32(0, true) !== 348 || (kind !== INT16 && kind !== UINT16)) {
    throw new Error('not a volume of 16-bit numbers');
  }
  const shape = /** @type {[number, number, number]} */ (
    [42, 44, 46].map((at) => header.getInt16(at, true))
  );
  const start = header.getFloat32(108, true);
  const count = shape[0] * shape[1] * shape[2];
  if (!(count > 0) || file.byteLength < start + 2 * count) throw new Error('voxels are missing');
  const stored =
    kind === INT16 ? new Int16Array(file, start, count) : new Uint16Array(file, start, count);
  const sliceAxis = findSliceAxis(header.getUint8(39));
  const scale = header.getFloat32(112, true);
  const slope = Number.isFinite(scale) && scale !== 0 ? scale : 1;
  const intercept = slope === scale ? header.getFloat32(116, true) : 0;
  const affine = [280, 296, 312].map((at) =>
    [0, 4, 8, 12].map((within) => header.getFloat32(at + within, true)),
  );
  return makeVoxels({ stored, shape, sliceAxis, slope, intercept, affine });
}

/**
 * @param {Pick<Voxels, 'stored' | 'shape' | 'sliceAxis' | 'slope' | 'intercept' | 'affine'>} stated
 * @returns {Voxels} with what follows from that
 */
export function makeVoxels(stated) {
  const { stored, shape, sliceAxis, slope, intercept } = stated;
  const [across, down] = [0, 1, 2].filter((axis) => axis !== sliceAxis);
  const [low, high] = findRange(stored);
  return {
    ...stated,
    sliceCount: shape[sliceAxis],
    width: /** @type {number} */ (shape[across ?? 0]),
    height: /** @type {number} */ (shape[down ?? 1]),
    least: low * slope + intercept,
    largest: high * slope + intercept,
  };
}

/**
 * @param {number} dimInfo two bits each: frequency, phase, and slice, counted from 1
 * @returns {0 | 1 | 2}
 */
function findSliceAxis(dimInfo) {
  const counted = (dimInfo >> 4) & 3;
  return /** @type {0 | 1 | 2} */ (counted === 0 ? 2 : counted - 1);
}

/**
 * @param {Int16Array | Uint16Array} stored
 * @returns {[number, number]}
 */
function findRange(stored) {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < stored.length; at += 1) {
    const value = /** @type {number} */ (stored[at]);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/**
 * What lies under a point of a slice.
 * @param {Voxels} voxels
 * @param {number} index of the slice
 * @param {{ x: number, y: number }} point in shares of its width and height, from the upper left
 * @returns {{ intensity: number, place: number[] } | null} mm towards right, anterior and superior; null outside
 */
export function probe(voxels, index, { x, y }) {
  const { stored, shape, sliceAxis, width, height, slope, intercept, affine } = voxels;
  const [column, row] = [Math.floor(x * width), Math.floor(y * height)];
  if (column < 0 || row < 0 || column >= width || row >= height) return null;
  const inPlane = [width - 1 - column, height - 1 - row];
  const at = shape.map((_, axis) => (axis === sliceAxis ? index : (inPlane.shift() ?? 0)));
  const [i = 0, j = 0, k = 0] = at;
  const number = stored[i + shape[0] * (j + shape[1] * k)] ?? 0;
  const place = affine.map(([a = 0, b = 0, c = 0, d = 0]) => a * i + b * j + c * k + d);
  return { intensity: number * slope + intercept, place };
}

/**
 * The slice of a volume that lies nearest to the middle of another volume's slice, in the scanner's frame.
 * @param {Voxels} voxels
 * @param {Voxels} other of the same examination
 * @param {number} otherIndex
 * @returns {number | null} null where the slices lie across each other
 */
export function findNearestSlice(voxels, other, otherIndex) {
  const { affine, sliceAxis, sliceCount } = voxels;
  if (other.sliceAxis !== sliceAxis) return null;
  const middle = other.shape.map((size, axis) =>
    axis === sliceAxis ? otherIndex : (size - 1) / 2,
  );
  const place = other.affine.map((row) =>
    row.reduce((sum, step, axis) => sum + step * (middle[axis] ?? 1), 0),
  );
  const step = affine.map((row) => row[sliceAxis] ?? 0);
  const from = affine.map((row, at) => (place[at] ?? 0) - (row[3] ?? 0));
  const along = from.reduce((sum, mm, at) => sum + mm * (step[at] ?? 0), 0);
  const nearest = Math.round(along / step.reduce((sum, mm) => sum + mm * mm, 0));
  return Math.min(Math.max(nearest, 0), sliceCount - 1);
}

/**
 * Draws a slice in display orientation: row 0, column 0 of the prediction comes first.
 * @param {Voxels} voxels
 * @param {number} index of the slice
 * @param {Uint32Array} table a pixel for each stored number, by its 16 bits
 * @param {Uint32Array} pixels `height * width`, filled row by row
 */
export function fillSlice(voxels, index, table, pixels) {
  const { stored, shape, sliceAxis, width, height } = voxels;
  const strides = [1, shape[0], shape[0] * shape[1]];
  const [across, down] = strides.filter((_, axis) => axis !== sliceAxis);
  const columnStride = across ?? 1;
  const rowStride = down ?? 1;
  const last = index * (strides[sliceAxis] ?? 1) + (width - 1) * columnStride;
  let target = 0;
  for (let row = height - 1; row >= 0; row -= 1) {
    let at = last + row * rowStride;
    for (let column = 0; column < width; column += 1) {
      pixels[target] = /** @type {number} */ (table[/** @type {number} */ (stored[at]) & 0xffff]);
      target += 1;
      at -= columnStride;
    }
  }
}
