import { fillSlice } from '../pixels/voxels.js';
import { makeWindowTable, measureWindows } from '../pixels/window-table.js';
import { describeInput } from './describe-input.js';
import { findKind, listScans } from './read-preview.js';

/** @typedef {import('../pixels/voxels.js').Voxels} Voxels */

/**
 * The middle slice of a series.
 * @typedef {object} Thumbnail
 * @property {string} of the UID of a DICOM series; the name of a NIfTI file, without folders
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
  const scans = await listScans(files);
  const thumbnails = [];
  for (const file of scans) {
    if ((await findKind(file)) !== 'nifti') continue;
    const { readNifti } = await import('./read-nifti.js');
    const voxels = await readNifti(file).catch(() => null);
    const name = file.name.slice(file.name.lastIndexOf('/') + 1);
    if (voxels !== null) thumbnails.push(draw(name, voxels));
  }
  if (thumbnails.length > 0) return thumbnails;
  const { readMiddles } = await import('./read-dicom.js');
  return (await readMiddles(scans)).map(({ uid, voxels }) => draw(uid, voxels));
}

/**
 * @param {string} of
 * @param {Voxels} voxels
 * @returns {Thumbnail}
 */
function draw(of, voxels) {
  const { width, height, sliceCount } = voxels;
  const grey = new Uint32Array(width * height);
  const table = makeWindowTable(voxels, measureWindows(voxels).auto, false);
  fillSlice(voxels, Math.floor(sliceCount / 2), table, grey);
  const pixels = new Uint8ClampedArray(grey.buffer);
  return { of, pixels, width, height, size: describeInput(voxels).view };
}
