import { readThumbnails } from '../../../../frontend/src/reading/preview/read-thumbnails.js';
import { makeDicomFile, makeFile } from './dicom.mjs';

test('each series is shown by the slice in its middle, the largest first', async () => {
  const files = [2, 0, 1].map((z) =>
    makeDicomFile({
      pixels: Uint16Array.of(0, z === 1 ? 100 : 0),
      columns: 2,
      position: `0\\0\\${5 * z}`,
    }),
  );
  const other = makeDicomFile({ pixels: Uint16Array.of(0, 0, 7), columns: 1, series: '2.25.2' });
  const [first, second] = await readThumbnails([other, ...files]);
  expect(first).toMatchObject({ uid: '2.25.1', width: 2, height: 1 });
  expect([...(first?.pixels ?? [])]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
  expect(second).toMatchObject({ uid: '2.25.2', width: 1, height: 3 });
  // Pixels of 2 by 3 mm.
  expect(second?.size).toMatchObject({ width: 1, height: 4.5 });
});

test('what cannot be read here has no picture', async () => {
  expect(await readThumbnails([makeFile(['DICM'], 'cut.dcm')])).toEqual([]);
});
