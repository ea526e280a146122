import { listScans, readPreview } from '../../../../frontend/src/reading/preview/read-preview.js';
import { packZip } from '../../../zip.mjs';
import { makeDicomFile, makeFile } from './dicom.mjs';

/** @param {[string, Buffer][]} files */
function pack(files) {
  return makeFile([packZip(files)], 'scans.zip');
}

test('a series in an archive is read, whatever lies beside it', async () => {
  vi.stubGlobal('File', makeFile([], '').constructor);
  const slices = await Promise.all(
    [0, 1].map(async (z) => {
      const file = makeDicomFile({
        pixels: Uint16Array.of(z, 7),
        columns: 2,
        position: `0\\0\\${z}`,
      });
      return Buffer.from(await file.arrayBuffer());
    }),
  );
  const [first, second] = /** @type {[Buffer, Buffer]} */ (slices);
  const archive = pack([
    ['a/readme.txt', Buffer.from('1')],
    ['a/2', second],
    ['a/1', first],
  ]);
  expect((await readPreview([archive]))?.shape).toEqual([2, 1, 2]);
});

test('a damaged archive has no files', async () => {
  const whole = pack([['a.txt', Buffer.alloc(100)]]);
  const cut = makeFile([whole.slice(0, 60)], 'cut.zip');
  expect(await listScans([cut])).toEqual([]);
});
