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
