import { readPreview } from './read-preview.js';

/**
 * Files in, their voxels out; beside the page, which stays free to be used.
 */
self.addEventListener('message', async ({ data }) => {
  const voxels = await readPreview(data).catch(() => null);
  self.postMessage(voxels, { transfer: voxels === null ? [] : [voxels.stored.buffer] });
});
