import dicomParser from 'dicom-parser';
import { orientVolume } from './orient.js';

/** @typedef {import('dicom-parser').DataSet} DataSet */
/** @typedef {number[]} Vector along left, posterior and superior, in mm */

/**
 * One slice: a file, or a frame of one.
 * @typedef {object} Slice
 * @property {string} series its UID
 * @property {number} rows
 * @property {number} columns
 * @property {Vector[]} axes unit vectors along a row and along a column
 * @property {Vector} position of the first pixel
 * @property {number[]} spacing between rows and between columns
 * @property {number} number which orders slices without a position
 * @property {number} slope
 * @property {number} intercept
 * @property {Uint8Array | Int16Array | Uint16Array} pixels
 */

// Little-endian, not compressed; what else there is waits for the service, which has the codecs.
const PLAIN = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1']);
// Frames that the service cuts into slices.
const TILED = /MOSAIC|VFRAME/;
const AXIAL = [1, 0, 0, 0, 1, 0];
const SAME_MM = 0.01;

/**
 * The largest series of DICOM files as a volume.
 * @param {Blob[]} files
 * @returns {Promise<import('../pixels/voxels.js').Voxels | null>} null where none can be read here
 */
export async function readDicom(files) {
  /** @type {Map<string, Slice[]>} */
  const stacks = new Map();
  for (const file of files) {
    for (const slice of readSlices(new Uint8Array(await file.arrayBuffer()))) {
      const { series, rows, columns, axes } = slice;
      const key = [series, rows, columns, axes.flat().map((part) => part.toFixed(3))].join(' ');
      const stacked = stacks.get(key);
      if (stacked === undefined) stacks.set(key, [slice]);
      else stacked.push(slice);
    }
  }
  const largest = [...stacks.values()].sort((one, other) => other.length - one.length)[0];
  return largest === undefined ? null : stack(largest);
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes of a file
 * @returns {Slice[]} none where it holds no grey image that can be read here
 */
function readSlices(bytes) {
  try {
    const data = dicomParser.parseDicom(bytes);
    const [rows = 0, columns = 0] = [data.uint16('x00280010'), data.uint16('x00280011')];
    const element = data.elements.x7fe00010;
    const bits = data.uint16('x00280100');
    if (
      !PLAIN.has(data.string('x00020010') ?? '') ||
      data.string('x00280004') !== 'MONOCHROME2' ||
      TILED.test(data.string('x00080008') ?? '') ||
      (bits !== 8 && bits !== 16) ||
      element === undefined
    ) {
      return [];
    }
    const size = (rows * columns * bits) / 8;
    const isSigned = data.uint16('x00280103') === 1;
    const frames = Math.min(data.intString('x00280008') ?? 1, Math.floor(element.length / size));
    return Array.from({ length: frames }, (_, frame) => {
      const start = bytes.byteOffset + element.dataOffset + frame * size;
      const own = bytes.buffer.slice(start, start + size);
      const pixels =
        bits === 8 ? new Uint8Array(own) : isSigned ? new Int16Array(own) : new Uint16Array(own);
      return { ...readPlace(data, frame), rows, columns, pixels };
    });
  } catch {
    return [];
  }
}

/**
 * Attributes of a slice, which an enhanced image has for each frame, or shared by all.
 * @param {DataSet} data
 * @param {number} frame
 */
function readPlace(data, frame) {
  const groups = [
    data.elements.x52009230?.items?.[frame]?.dataSet,
    data.elements.x52009229?.items?.[0]?.dataSet,
  ];
  const find = (/** @type {string} */ sequence, /** @type {string} */ tag) => {
    const nested = groups.map((group) =>
      group?.elements[sequence]?.items?.[0]?.dataSet?.string(tag),
    );
    return (nested.find((text) => text !== undefined) ?? data.string(tag))?.split('\\').map(Number);
  };
  const orientation = find('x00209116', 'x00200037') ?? AXIAL;
  return {
    series: data.string('x0020000e') ?? '',
    axes: [orientation.slice(0, 3), orientation.slice(3)],
    position: find('x00209113', 'x00200032') ?? [],
    spacing: find('x00289110', 'x00280030') ?? [1, 1],
    number: (data.intString('x00200013') ?? 0) + frame,
    slope: find('x00289145', 'x00281053')?.[0] ?? 1,
    intercept: find('x00289145', 'x00281052')?.[0] ?? 0,
  };
}

/**
 * @param {Slice[]} slices of one size and orientation
 */
function stack(slices) {
  const [first] = slices;
  if (first === undefined) return null;
  const [row = [], column = []] = first.axes;
  const normal = cross(row, column);
  const isPlaced = slices.every(({ position }) => position.length === 3);
  const measure = (/** @type {Slice} */ slice) =>
    isPlaced ? dot(slice.position, normal) : slice.number;
  const sorted = slices
    .toSorted((one, other) => measure(one) - measure(other))
    // Of echoes, or time points, at one place the first is shown.
    .filter(
      (slice, at, all) =>
        at === 0 || measure(slice) - measure(/** @type {Slice} */ (all[at - 1])) > SAME_MM,
    );
  const [lowest = first, last = first] = [sorted[0], sorted.at(-1)];
  const gaps = sorted.length - 1;
  const gap = gaps > 0 && isPlaced ? (measure(last) - measure(lowest)) / gaps : 1;
  const [betweenRows = 1, betweenColumns = 1] = first.spacing;
  const steps = [
    row.map((part) => part * betweenColumns),
    column.map((part) => part * betweenRows),
    normal.map((part) => part * gap),
  ];
  // From left and posterior to right and anterior.
  const affine = [-1, -1, 1].map((sign, axis) =>
    [...steps.map((step) => step[axis] ?? 0), lowest.position[axis] ?? 0].map((mm) => sign * mm),
  );
  const { rows, columns } = first;
  return orientVolume({
    ...joinPixels(sorted),
    shape: [columns, rows, sorted.length],
    affine,
    stacked: 2,
  });
}

/**
 * @param {Slice[]} slices
 */
function joinPixels(slices) {
  const { slope, intercept, pixels } = /** @type {Slice} */ (slices[0]);
  const isOfOneScale = slices.every(
    (slice) =>
      slice.slope === slope &&
      slice.intercept === intercept &&
      slice.pixels.constructor === pixels.constructor,
  );
  const Kind = /** @type {new (length: number) => Int16Array} */ (
    isOfOneScale ? pixels.constructor : Float32Array
  );
  const numbers = new Kind(slices.length * pixels.length);
  for (const [at, slice] of slices.entries()) {
    numbers.set(
      isOfOneScale
        ? slice.pixels
        : Float32Array.from(slice.pixels, (number) => number * slice.slope + slice.intercept),
      at * pixels.length,
    );
  }
  return isOfOneScale ? { numbers, slope, intercept } : { numbers, slope: 1, intercept: 0 };
}

/**
 * @param {Vector} one
 * @param {Vector} other
 */
function dot(one, other) {
  return one.reduce((sum, part, axis) => sum + part * (other[axis] ?? 0), 0);
}

/**
 * @param {Vector} one
 * @param {Vector} other
 * @returns {Vector}
 */
function cross([a = 0, b = 0, c = 0], [x = 0, y = 0, z = 0]) {
  return [b * z - c * y, c * x - a * z, a * y - b * x];
}
