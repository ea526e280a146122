import { readPreview } from './read-preview.js';
import { readThumbnails } from './read-thumbnails.js';

/** @typedef {import('./start-preview.js').Work} Work */

/**
 * Files in, their voxels or thumbnails out; beside the page, which stays free to be used.
 */
self.addEventListener('message', async ({ data }) => {
  const { kind, files } = /** @type {Work} */ (data);
  if (kind === 'thumbnails') {
    self.postMessage(await readThumbnails(files).catch(() => []));
    return;
  }
  const voxels = await readPreview(files).catch(() => null);
  self.postMessage(voxels, { transfer: voxels === null ? [] : [voxels.stored.buffer] });
});
