import { HEAD_BYTES, tellKind } from '../../intake/file-kind.js';

// The sequence that the service prefers of a BraTS case; its segmentation is no scan.
const PREFERRED = /[_-](?:t1ce|t1c|t1gd)\.nii/i;
const SEGMENTATION = /[_-]segm?\.nii/i;

/**
 * The slices of files before the service has read them.
 * @param {File[]} files of one study
 * @returns {Promise<import('../pixels/voxels.js').Voxels | null>} null for archives, compressed DICOM and what else is not
 *   read here
 */
export async function readPreview(files) {
  const scans = files.filter(({ name }) => !SEGMENTATION.test(name));
  const first = scans.find(({ name }) => PREFERRED.test(name)) ?? scans[0] ?? files[0];
  if (first === undefined) return null;
  const head = await first.slice(0, HEAD_BYTES).arrayBuffer();
  switch (tellKind(new Uint8Array(head))) {
    case 'nifti':
      return (await import('./read-nifti.js')).readNifti(first);
    case 'dicom':
      return (await import('./read-dicom.js')).readDicom(files);
    default:
      return null;
  }
}
