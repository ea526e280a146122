import { unzipSync } from 'fflate';

// What the service unpacks at most is less.
const MOST_BYTES = 2 ** 31;

/**
 * The files of a ZIP archive.
 * @param {Blob} archive
 * @returns {Promise<File[]>}
 * @throws {Error} where it is damaged, or unpacks to more than fits
 */
export async function unpackArchive(archive) {
  let left = MOST_BYTES;
  const unpacked = unzipSync(new Uint8Array(await archive.arrayBuffer()), {
    filter: ({ originalSize }) => {
      left -= originalSize;
      return left > 0;
    },
  });
  if (left <= 0) throw new Error('too large');
  return Object.entries(unpacked).map(
    ([name, bytes]) => new File([/** @type {BlobPart} */ (bytes)], name),
  );
}
