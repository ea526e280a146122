import { HEAD_BYTES, tellKind } from '../../intake/file-kind.js';
import { readInBatches } from '../../intake/read-in-batches.js';

// The sequence that the service prefers of a BraTS case; its segmentation is no scan.
const PREFERRED = /[_-](?:t1ce|t1c|t1gd)\.nii/i;
const SEGMENTATION = /[_-]segm?\.nii/i;

/**
 * The slices of files before the service has read them.
 * @param {File[]} files of one study
 * @returns {Promise<import('../pixels/voxels.js').Voxels | null>} null for what is not read here
 */
export async function readPreview(files) {
  const scans = await listScans(files);
  const first = scans.find(({ name }) => PREFERRED.test(name)) ?? (await findScan(scans));
  if (first === null) return null;
  return (await findKind(first)) === 'dicom'
    ? (await import('./read-dicom.js')).readDicom(scans)
    : (await import('./read-nifti.js')).readNifti(first);
}

/**
 * @param {File[]} files
 * @returns {Promise<File | null>} the first that is read here
 */
async function findScan(files) {
  for (const file of files) {
    if (['dicom', 'nifti'].includes(await findKind(file))) return file;
  }
  return null;
}

/**
 * The files of a study without its segmentation, those of an archive unpacked; a damaged one has none.
 * @param {File[]} files
 */
export async function listScans(files) {
  const unpacked = [];
  const kinds = await readInBatches(files, findKind);
  for (const [index, file] of files.entries()) {
    if (kinds[index] !== 'zip') {
      unpacked.push(file);
      continue;
    }
    const { unpackArchive } = await import('./unpack-archive.js');
    unpacked.push(...(await unpackArchive(file).catch(() => [])));
  }
  return unpacked.filter(({ name }) => !SEGMENTATION.test(name));
}

/** @param {File} file */
export async function findKind(file) {
  return tellKind(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
}
