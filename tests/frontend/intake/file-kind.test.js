import { HEAD_BYTES, tellKind } from '../../../frontend/src/intake/file-kind.js';

/** @param {number} at @param {number[] | string} bytes */
function makeHead(at, bytes) {
  const head = new Uint8Array(HEAD_BYTES);
  const values = typeof bytes === 'string' ? [...bytes].map((one) => one.charCodeAt(0)) : bytes;
  head.set(values, at);
  return head;
}

test.each([
  ['PNG', makeHead(0, '\x89PNG\r\n\x1a\n'), 'picture'],
  ['JPEG', makeHead(0, '\xff\xd8\xff'), 'picture'],
  ['WebP', makeHead(0, 'RIFF....WEBP'), 'picture'],
  ['TIFF', makeHead(0, 'II*\0'), 'picture'],
  ['DICOM', makeHead(128, 'DICM'), 'dicom'],
  ['DICOM without a preamble, explicit', makeHead(0, '\x08\0\x05\0CS\x0a\0'), 'dicom'],
  ['DICOM without a preamble, implicit', makeHead(0, '\x08\0\0\0\x04\0\0\0'), 'dicom'],
  ['NIfTI', makeHead(0, [0x5c, 1, 0, 0]), 'nifti'],
  ['NIfTI, big endian', makeHead(0, [0, 0, 1, 0x5c]), 'nifti'],
  ['NIfTI-2', makeHead(0, [0x1c, 2, 0, 0]), 'nifti'],
  ['gzip', makeHead(0, '\x1f\x8b\x08'), 'nifti'],
  ['ZIP', makeHead(0, 'PK\x03\x04'), 'zip'],
  ['text', makeHead(0, 'Dear colleague,'), 'unknown'],
  ['zeros', makeHead(0, []), 'unknown'],
  ['nothing', new Uint8Array(0), 'unknown'],
  ['three bytes', new Uint8Array([8, 0, 5]), 'unknown'],
])('%s is recognised by its first bytes', (_name, head, kind) => {
  expect(tellKind(head)).toBe(kind);
});

test('a DICOM file that begins like a TIFF is DICOM', () => {
  const head = makeHead(128, 'DICM');
  head.set([0x49, 0x49, 0x2a, 0]);
  expect(tellKind(head)).toBe('dicom');
});
