/** @typedef {import('../pixels/voxels.js').Voxels} Voxels */
/** @typedef {import('./read-thumbnails.js').Thumbnail} Thumbnail */
/** @typedef {{ kind: 'volume' | 'thumbnails', files: File[] }} Work */

/**
 * Reads the slices of files in a worker.
 * @param {AbortSignal} signal
 * @param {File[]} files
 * @returns {Promise<Voxels | null>} null where they cannot be read in a browser; never where it is aborted
 */
export function startPreview(signal, files) {
  return work(signal, { kind: 'volume', files }, async () => {
    const { readPreview } = await import('./read-preview.js');
    return readPreview(files).catch(() => null);
  });
}

/**
 * Reads a picture of each series in a worker.
 * @param {AbortSignal} signal
 * @param {File[]} files of one study
 * @returns {Promise<Thumbnail[]>} of those that can be read in a browser; never where it is aborted
 */
export function startThumbnails(signal, files) {
  return work(signal, { kind: 'thumbnails', files }, async () => {
    const { readThumbnails } = await import('./read-thumbnails.js');
    return readThumbnails(files).catch(() => []);
  });
}

/**
 * @template Result
 * @param {AbortSignal} signal
 * @param {Work} asked
 * @param {() => Promise<Result>} readHere where the browser has no workers of modules (Firefox before 114)
 * @returns {Promise<Result>}
 */
function work(signal, asked, readHere) {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./preview-worker.js', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }) => {
      worker.terminate();
      resolve(data);
    });
    worker.addEventListener('error', async () => resolve(await readHere()));
    signal.addEventListener('abort', () => worker.terminate());
    worker.postMessage(asked);
  });
}
