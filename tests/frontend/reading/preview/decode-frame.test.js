import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRle } from '../../../../frontend/src/reading/preview/decode-frame.js';
import { readPreview } from '../../../../frontend/src/reading/preview/read-preview.js';
import { makeFile } from './dicom.mjs';

const DATA = process.env.TUMORSCOPE_DATA ?? join(process.cwd(), '../../shared/data');
// One image in several encodings.
const FOLDER = join(DATA, 'dicom', 'transfer_syntaxes');

/** @param {string} name */
function readVoxels(name) {
  const bytes = readFileSync(join(FOLDER, name));
  // Tiles of a mosaic are cut by the service alone; here they are seen as one image.
  bytes.write('OTHER ', bytes.indexOf('MOSAIC'), 'latin1');
  return readPreview([makeFile([bytes], name)]);
}

test('run lengths of two bytes a pixel are joined, whatever follows them', () => {
  const bytes = new Uint8Array(64 + 10);
  const header = new DataView(bytes.buffer);
  for (const [at, number] of [2, 64, 69].entries()) header.setUint32(4 * at, number, true);
  // High bytes: nothing, then three times 1. Low bytes: 7 and 8, then 9, as they are.
  bytes.set([-128, -2, 1, 0, 0], 64);
  bytes.set([1, 7, 8, 0, 9], 69);
  expect([...new Uint16Array(decodeRle(bytes, 3).buffer)]).toEqual([0x107, 0x108, 0x109]);
});

// The codecs in WebAssembly are fetched, which only a browser does.
for (const [name, encoding] of [
  ['4.dcm', 'RLE'],
  ['5.dcm', 'JPEG lossless'],
  ['6.dcm', 'JPEG lossless of several fragments'],
]) {
  test.skipIf(!existsSync(FOLDER))(`a slice in ${encoding} is the slice`, async () => {
    const plain = await readVoxels('1.dcm');
    const compressed = await readVoxels(name ?? '');
    expect(compressed?.shape).toEqual([384, 384, 1]);
    expect(compressed).toEqual(plain);
  });
}
