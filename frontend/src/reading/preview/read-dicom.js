import dicomParser from 'dicom-parser';
import { readInBatches } from '../../intake/read-in-batches.js';
import { COMPRESSED, decodeFrame } from './decode-frame.js';
import { orientVolume } from './orient.js';

/** @typedef {import('dicom-parser').DataSet} DataSet */
/** @typedef {number[]} Vector along left, posterior and superior, in mm */

/** @typedef {Uint8Array | Int16Array | Uint16Array} Pixels */

/**
 * One slice: a file, or a frame of one.
 * @typedef {object} Slice
 * @property {string} series its UID
 * @property {string} object UID of a file of several frames, which is a series of its own; else empty
 * @property {number} rows
 * @property {number} columns
 * @property {Vector[]} axes unit vectors along a row and along a column
 * @property {Vector} position of the first pixel
 * @property {number[]} spacing between rows and between columns
 * @property {number} number which orders slices without a position
 * @property {number} slope
 * @property {number} intercept
 * @property {() => Promise<Pixels>} readPixels of a study only those that are shown are read
 */

// Little-endian; what is neither plain nor decoded here waits for the service.
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
  const [largest] = await listStacks(files);
  return largest === undefined ? null : stack(sortSlices(largest));
}

/**
 * The middle slice of each stack of DICOM files, as a volume of one slice.
 * @param {Blob[]} files
 * @returns {Promise<{ uid: string, voxels: import('../pixels/voxels.js').Voxels }[]>} by the UIDs that the service gives
 *   series; the largest stack first
 */
export async function readMiddles(files) {
  const middles = (await listStacks(files)).map((slices) => {
    const sorted = sortSlices(slices);
    return /** @type {Slice} */ (sorted[Math.floor(sorted.length / 2)]);
  });
  return Promise.all(
    middles.map(async (slice) => ({
      uid: slice.object || slice.series,
      voxels: await stack([slice]),
    })),
  );
}

/**
 * @param {Blob[]} files
 * @returns {Promise<Slice[][]>} of one series, size and orientation each, the largest first
 */
async function listStacks(files) {
  /** @type {Map<string, Slice[]>} */
  const stacks = new Map();
  for (const slice of (await readInBatches(files, readSlices, ({ size }) => size)).flat()) {
    const { series, object, rows, columns, axes } = slice;
    const directions = axes.flat().map((part) => part.toFixed(3));
    const key = [series, object, rows, columns, directions].join(' ');
    const stacked = stacks.get(key);
    if (stacked === undefined) stacks.set(key, [slice]);
    else stacked.push(slice);
  }
  return [...stacks.values()].sort((one, other) => other.length - one.length);
}

/**
 * @param {Blob} file
 * @returns {Promise<Slice[]>} none where it holds no grey image that can be read here
 */
async function readSlices(file) {
  try {
    const data = dicomParser.parseDicom(new Uint8Array(await file.arrayBuffer()));
    const [rows = 0, columns = 0] = [data.uint16('x00280010'), data.uint16('x00280011')];
    const element = data.elements.x7fe00010;
    const syntax = data.string('x00020010') ?? '';
    const bits = data.uint16('x00280100');
    if (
      !(PLAIN.has(syntax) || COMPRESSED.has(syntax)) ||
      data.string('x00280004') !== 'MONOCHROME2' ||
      TILED.test(data.string('x00080008') ?? '') ||
      (bits !== 8 && bits !== 16) ||
      element === undefined
    ) {
      return [];
    }
    const size = (rows * columns * bits) / 8;
    const Kind =
      bits === 8 ? Uint8Array : data.uint16('x00280103') === 1 ? Int16Array : Uint16Array;
    const isPlain = PLAIN.has(syntax);
    const most = isPlain ? Math.floor(element.length / size) : (element.fragments?.length ?? 0);
    const frames = Math.min(data.intString('x00280008') ?? 1, most);
    return Array.from({ length: frames }, (_, frame) => {
      const start = element.dataOffset + frame * size;
      const readPixels = isPlain
        ? readLater(file.slice(start, start + size), Kind)
        : decodeLater(syntax, cutFrame(data, element, frame, frames), rows * columns, Kind);
      return { ...readPlace(data, frame, frames), rows, columns, readPixels };
    });
  } catch {
    return [];
  }
}

/**
 * Apart from `readSlices`, so that what was parsed there can be dropped.
 * @param {Blob} part
 * @param {new (buffer: ArrayBuffer) => Pixels} Kind
 */
function readLater(part, Kind) {
  return async () => new Kind(await part.arrayBuffer());
}

/**
 * A compressed frame: by the table of offsets, else a fragment each; a file of one frame is all fragments.
 * @param {DataSet} data
 * @param {import('dicom-parser').Element} element
 * @param {number} frame
 * @param {number} frames
 */
function cutFrame(data, element, frame, frames) {
  const isTabled = (element.basicOffsetTable?.length ?? 0) > 0;
  const count = frames === 1 ? (element.fragments?.length ?? 0) : 1;
  const part = isTabled
    ? dicomParser.readEncapsulatedImageFrame(data, element, frame)
    : dicomParser.readEncapsulatedPixelDataFromFragments(data, element, frame, count);
  // A copy, for a view would hold the whole file.
  return new Uint8Array(part);
}

/**
 * @param {string} syntax
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} count of pixels
 * @param {new (buffer: ArrayBuffer) => Pixels} Kind
 */
function decodeLater(syntax, bytes, count, Kind) {
  return () => decodeFrame({ syntax, bytes, count, Kind });
}

/**
 * Attributes of a slice, which an enhanced image has for each frame, or shared by all.
 * @param {DataSet} data
 * @param {number} frame
 * @param {number} frames of the file
 */
function readPlace(data, frame, frames) {
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
    object: frames > 1 ? (data.string('x00080018') ?? '') : '',
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
 * @returns {Slice[]} along the normal, one at a place
 */
function sortSlices(slices) {
  const measure = findMeasure(slices);
  return (
    slices
      .toSorted((one, other) => measure(one) - measure(other))
      // Of echoes, or time points, at one place the first is shown.
      .filter(
        (slice, at, all) =>
          at === 0 || measure(slice) - measure(/** @type {Slice} */ (all[at - 1])) > SAME_MM,
      )
  );
}

/**
 * @param {Slice[]} slices
 * @returns {(slice: Slice) => number} its place along the normal, in mm; where one has no position, its number
 */
function findMeasure(slices) {
  const isPlaced = slices.every(({ position }) => position.length === 3);
  return (slice) => (isPlaced ? dot(slice.position, findNormal(slice)) : slice.number);
}

/** @param {Slice} slice */
function findNormal({ axes: [row = [], column = []] }) {
  return cross(row, column);
}

/**
 * @param {Slice[]} sorted at least one
 */
async function stack(sorted) {
  const first = /** @type {Slice} */ (sorted[0]);
  const last = /** @type {Slice} */ (sorted.at(-1));
  const [row = [], column = []] = first.axes;
  const gaps = sorted.length - 1;
  const isPlaced = sorted.every(({ position }) => position.length === 3);
  const measure = findMeasure(sorted);
  const gap = gaps > 0 && isPlaced ? (measure(last) - measure(first)) / gaps : 1;
  const [betweenRows = 1, betweenColumns = 1] = first.spacing;
  const steps = [
    row.map((part) => part * betweenColumns),
    column.map((part) => part * betweenRows),
    findNormal(first).map((part) => part * gap),
  ];
  // From left and posterior to right and anterior.
  const affine = [-1, -1, 1].map((sign, axis) =>
    [...steps.map((step) => step[axis] ?? 0), first.position[axis] ?? 0].map((mm) => sign * mm),
  );
  const { rows, columns } = first;
  return orientVolume({
    ...(await joinPixels(sorted)),
    shape: [columns, rows, sorted.length],
    affine,
    stacked: 2,
  });
}

/**
 * @param {Slice[]} slices
 */
async function joinPixels(slices) {
  const { slope, intercept } = /** @type {Slice} */ (slices[0]);
  const read = await Promise.all(slices.map(({ readPixels }) => readPixels()));
  const pixels = /** @type {Pixels} */ (read[0]);
  const isOfOneScale = slices.every(
    (slice, at) =>
      slice.slope === slope &&
      slice.intercept === intercept &&
      read[at]?.constructor === pixels.constructor,
  );
  const Kind = /** @type {new (length: number) => Int16Array} */ (
    isOfOneScale ? pixels.constructor : Float32Array
  );
  const numbers = new Kind(slices.length * pixels.length);
  for (const [at, slice] of slices.entries()) {
    const own = read[at] ?? pixels;
    numbers.set(
      isOfOneScale
        ? own
        : Float32Array.from(own, (number) => number * slice.slope + slice.intercept),
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
