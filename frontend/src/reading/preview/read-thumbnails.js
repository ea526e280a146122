import { fillSlice } from '../pixels/voxels.js';
import { makeWindowTable, measureWindows } from '../pixels/window-table.js';
import { describeInput } from './describe-input.js';
import { unpackArchives } from './read-preview.js';

/**
 * The middle slice of a series.
 * @typedef {object} Thumbnail
 * @property {string} uid of the series
 * @property {Uint8ClampedArray<ArrayBuffer>} pixels as `ImageData` has them, `height * width`
 * @property {number} width
 * @property {number} height
 * @property {{ width: number, height: number }} size in square pixels
 */

/**
 * A picture of each series of a study.
 * @param {File[]} files
 * @returns {Promise<Thumbnail[]>} none of what cannot be read here
 */
export async function readThumbnails(files) {
  const { readMiddles } = await import('./read-dicom.js');
  return (await readMiddles(await unpackArchives(files))).map(({ uid, voxels }) => {
    const { width, height } = voxels;
    const grey = new Uint32Array(width * height);
    const table = makeWindowTable(voxels, measureWindows(voxels).auto, false);
    fillSlice(voxels, 0, table, grey);
    const pixels = new Uint8ClampedArray(grey.buffer);
    return { uid, pixels, width, height, size: describeInput(voxels).view };
  });
}
