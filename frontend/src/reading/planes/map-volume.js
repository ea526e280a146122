import { findHeatmap, listHeatmaps } from '../heatmaps.js';
import { colorHeatmap } from '../pixels/heatmap-canvas.js';
import { decodeBase64Png } from '../pixels/slice-canvas.js';

/** @typedef {import('../../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {import('../pixels/voxels.js').Voxels} Voxels */

const HEADER_BYTES = 352;
const UINT8 = 2;

/**
 * The heat maps of a kind of tumour, one for each slice that has one.
 * @param {PredictionAnswer} prediction
 * @param {string} kind
 * @param {Voxels} voxels
 * @returns {Promise<Map<number, Uint8ClampedArray>>} by the slice's index, its rows and columns as displayed
 */
export async function readMaps(prediction, kind, { width, height }) {
  /** @type {Map<number, Uint8ClampedArray>} */
  const maps = new Map();
  for (const { slice_index } of listHeatmaps(prediction)) {
    const png = findHeatmap(prediction, slice_index, kind);
    const map = png === null ? null : await decodeBase64Png(png);
    const context = new OffscreenCanvas(width, height).getContext('2d');
    if (map === null || context === null) continue;
    const layer = colorHeatmap(map, prediction.input.view.turning, '#000000');
    context.drawImage(layer, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    maps.set(
      slice_index,
      Uint8ClampedArray.from({ length: width * height }, (_, at) => data[4 * at + 3] ?? 0),
    );
  }
  return maps;
}

/**
 * The heat maps as a volume in the place of the scan. Between two slices with a map that belong to one finding it is
 * interpolated.
 * @param {ArrayBuffer} scan NIfTI-1, as `parseVoxels` reads it
 * @param {Voxels} voxels of it
 * @param {Map<number, Uint8ClampedArray>} maps from `readMaps`
 * @param {[first: number, last: number][]} findings their slices
 * @returns {ArrayBuffer} NIfTI-1 of 8-bit levels
 */
export function makeMapVolume(scan, { shape, sliceAxis, width, height }, maps, findings) {
  const file = new ArrayBuffer(HEADER_BYTES + shape[0] * shape[1] * shape[2]);
  new Uint8Array(file).set(new Uint8Array(scan, 0, HEADER_BYTES));
  const header = new DataView(file);
  header.setInt16(70, UINT8, true);
  header.setInt16(72, 8, true);
  header.setFloat32(108, HEADER_BYTES, true);
  header.setFloat32(112, 1, true);
  header.setFloat32(116, 0, true);
  const levels = new Uint8Array(file, HEADER_BYTES);
  const strides = [1, shape[0], shape[0] * shape[1]];
  const [across = 1, down = 1] = strides.filter((_, axis) => axis !== sliceAxis);

  /**
   * @param {number} index
   * @param {(at: number) => number} find the level of a pixel
   */
  function fill(index, find) {
    const start = index * (strides[sliceAxis] ?? 1);
    for (let row = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1) {
        const voxel = start + (width - 1 - column) * across + (height - 1 - row) * down;
        levels[voxel] = find(row * width + column);
      }
    }
  }

  const mapped = [...maps].sort(([one], [other]) => one - other);
  for (const [at, [index, map]] of mapped.entries()) {
    fill(index, (pixel) => map[pixel] ?? 0);
    const [next, following] = mapped[at + 1] ?? [index, map];
    if (!findings.some(([first, last]) => first <= index && next <= last)) continue;
    for (let between = index + 1; between < next; between += 1) {
      const share = (between - index) / (next - index);
      fill(between, (pixel) => (1 - share) * (map[pixel] ?? 0) + share * (following[pixel] ?? 0));
    }
  }
  return file;
}
