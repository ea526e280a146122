import { clamp } from '../clamp.js';

/** @typedef {{ lower: number, upper: number }} IntensityWindow intensities that become black and white */

const LEVELS = 65_536;

/**
 * A pixel for each number that a volume may store: grey, opaque, as `ImageData` has it on little-endian machines.
 * @param {import('./voxels.js').Voxels} voxels
 * @param {IntensityWindow} window
 * @param {boolean} inverted
 * @returns {Uint32Array} by the number's 16 bits
 */
export function makeWindowTable({ stored, slope, intercept }, { lower, upper }, inverted) {
  const table = new Uint32Array(LEVELS);
  const isSigned = stored instanceof Int16Array;
  const scale = upper > lower ? 255 / (upper - lower) : 0;
  for (let bits = 0; bits < LEVELS; bits += 1) {
    const number = isSigned && bits >= LEVELS / 2 ? bits - LEVELS : bits;
    const level = Math.round((number * slope + intercept - lower) * scale);
    const clipped = level < 0 ? 0 : level > 255 ? 255 : level;
    const grey = inverted ? 255 - clipped : clipped;
    table[bits] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
  return table;
}

/** @typedef {{ auto: IntensityWindow, brain: IntensityWindow, full: IntensityWindow }} Windows */

/** @type {WeakMap<import('./voxels.js').Voxels, Windows>} */
const measured = new WeakMap();

/**
 * Windows for all slices of a volume. The head is what is brighter than the volume's mean. `auto` leaves out the
 * brightest 0.5 % of it, such as vessels; `brain` lies closer about the bulk of it, without fat; `full` clips nothing.
 * @param {import('./voxels.js').Voxels} voxels
 * @returns {Windows}
 */
export function measureWindows(voxels) {
  const known = measured.get(voxels);
  if (known !== undefined) return known;
  const { stored, slope, intercept, least, largest } = voxels;
  const offset = stored instanceof Int16Array ? LEVELS / 2 : 0;
  const counts = new Uint32Array(LEVELS);
  let sum = 0;
  for (let at = 0; at < stored.length; at += 1) {
    const number = /** @type {number} */ (stored[at]);
    counts[number + offset] = (counts[number + offset] ?? 0) + 1;
    sum += number;
  }
  const first = Math.floor(sum / stored.length) + offset + 1;
  const head = counts.subarray(first).reduce((total, count) => total + count, 0);
  const find = (/** @type {number} */ share) => {
    let [level, left] = [first, share * head];
    while (level < LEVELS - 1 && left > (counts[level] ?? 0)) {
      left -= counts[level] ?? 0;
      level += 1;
    }
    return (level - offset) * slope + intercept;
  };
  const range = { least, largest };
  const between = (/** @type {number} */ lower, /** @type {number} */ upper) =>
    makeWindow((lower + upper) / 2, upper - lower, range);
  const windows = {
    auto: between(least, find(0.995)),
    brain: between(find(0.02), find(0.95)),
    full: between(least, largest),
  };
  measured.set(voxels, windows);
  return windows;
}

/**
 * The window after a move and a change of width.
 * @param {IntensityWindow} window
 * @param {{ level: number, width: number }} change by how much of `range`
 * @param {{ least: number, largest: number }} range of the intensities
 * @returns {IntensityWindow}
 */
export function changeWindow(window, change, range) {
  const extent = Math.max(range.largest - range.least, Number.MIN_VALUE);
  const center = (window.lower + window.upper) / 2 + change.level * extent;
  const width = window.upper - window.lower + change.width * extent;
  return makeWindow(center, width, range);
}

/**
 * @param {number} center
 * @param {number} width
 * @param {{ least: number, largest: number }} range what the center stays within
 * @returns {IntensityWindow}
 */
export function makeWindow(center, width, { least, largest }) {
  const extent = Math.max(largest - least, Number.MIN_VALUE);
  const middle = clamp(center, least, largest);
  const half = clamp(width, extent / 1000, 2 * extent) / 2;
  return { lower: middle - half, upper: middle + half };
}
