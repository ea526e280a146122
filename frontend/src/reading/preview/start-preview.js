/** @typedef {import('../pixels/voxels.js').Voxels} Voxels */

/**
 * Reads the slices of files in a worker; in the page itself where the browser has no workers of modules (Firefox before
 * 114).
 * @param {AbortSignal} signal
 * @param {File[]} files
 * @returns {Promise<Voxels | null>} null where they cannot be read in a browser; never where it is aborted
 */
export function startPreview(signal, files) {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./preview-worker.js', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }) => {
      worker.terminate();
      resolve(data);
    });
    worker.addEventListener('error', async () => {
      const { readPreview } = await import('./read-preview.js');
      resolve(await readPreview(files).catch(() => null));
    });
    signal.addEventListener('abort', () => worker.terminate());
    worker.postMessage(files);
  });
}
