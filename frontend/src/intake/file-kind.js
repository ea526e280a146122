/** @typedef {'picture' | 'dicom' | 'nifti' | 'zip' | 'unknown'} FileKind */

/** How much of a file `tellKind` reads. */
export const HEAD_BYTES = 352;

/** First bytes, as Latin-1 text; file names are not reliable. */
const PICTURE_MAGICS = [
  '\x89PNG\r\n\x1a\n',
  '\xff\xd8\xff',
  'BM',
  'II*\0',
  'MM\0*',
  'II+\0',
  'MM\0+',
];
const ZIP_MAGICS = ['PK\x03\x04', 'PK\x05\x06'];
const GZIP_MAGIC = '\x1f\x8b';
const NIFTI_HEADER_SIZES = [348, 540];

/**
 * The format by the first bytes; the service checks again, and more closely.
 * @param {Uint8Array} head at least `HEAD_BYTES` of the file, where it has as many
 * @returns {FileKind}
 */
export function tellKind(head) {
  const text = String.fromCharCode(...head.subarray(0, HEAD_BYTES));
  if (text.startsWith('DICM', 128)) return 'dicom';
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'picture';
  if (PICTURE_MAGICS.some((magic) => text.startsWith(magic))) return 'picture';
  if (ZIP_MAGICS.some((magic) => text.startsWith(magic))) return 'zip';
  // The only gzip-compressed format that the service reads is NIfTI.
  if (text.startsWith(GZIP_MAGIC) || isNiftiHeader(head)) return 'nifti';
  return isBareDicom(head) ? 'dicom' : 'unknown';
}

/** @param {Uint8Array} head */
function isNiftiHeader(head) {
  if (head.length < HEAD_BYTES) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return [true, false].some((little) => NIFTI_HEADER_SIZES.includes(view.getInt32(0, little)));
}

/**
 * DICOM without a preamble: a low element of group 2 or 8, then a VR in capitals or a small length.
 * @param {Uint8Array} head
 */
function isBareDicom(head) {
  if (head.length < 16) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const group = view.getUint16(0, true);
  if ((group !== 2 && group !== 8) || view.getUint16(2, true) > 0x18) return false;
  const hasVr = /^[A-Z]{2}$/.test(String.fromCharCode(...head.subarray(4, 6)));
  return hasVr || view.getUint32(4, true) <= 256;
}
