import { fillSlice } from './voxels.js';
import { makeWindowTable } from './window-table.js';

/** @typedef {import('./voxels.js').Voxels} Voxels */
/** @typedef {import('./window-table.js').IntensityWindow} IntensityWindow */

/**
 * Draws slices of volumes, one after another, into one canvas with the voxels' own rows and columns.
 */
export function createSlicePainter() {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext('2d');
  /** @type {ImageData | null} */
  let image = null;
  /** @type {Uint32Array} */
  let table = new Uint32Array(0);
  /** @type {{ voxels: Voxels, lower: number, upper: number, inverted: boolean } | null} */
  let tabled = null;

  /**
   * @param {Voxels} voxels
   * @param {IntensityWindow} window
   * @param {boolean} inverted
   */
  function findTable(voxels, { lower, upper }, inverted) {
    const same =
      tabled?.voxels === voxels &&
      tabled.lower === lower &&
      tabled.upper === upper &&
      tabled.inverted === inverted;
    if (!same) {
      table = makeWindowTable(voxels, { lower, upper }, inverted);
      tabled = { voxels, lower, upper, inverted };
    }
    return table;
  }

  /**
   * @param {Voxels} voxels
   * @param {number} index
   * @param {IntensityWindow} window
   * @param {boolean} inverted
   * @returns {OffscreenCanvas} the same each time
   */
  return function paintSlice(voxels, index, window, inverted) {
    const { width, height } = voxels;
    if (context === null) return canvas;
    if (image === null || image.width !== width || image.height !== height) {
      canvas.width = width;
      canvas.height = height;
      image = context.createImageData(width, height);
    }
    const pixels = new Uint32Array(image.data.buffer);
    fillSlice(voxels, index, findTable(voxels, window, inverted), pixels);
    context.putImageData(image, 0, 0);
    return canvas;
  };
}
