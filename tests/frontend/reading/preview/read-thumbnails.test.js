import { readThumbnails } from '../../../../frontend/src/reading/preview/read-thumbnails.js';
import { makeVolumeFile } from '../pixels/nifti.mjs';
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
  expect(first).toMatchObject({ of: '2.25.1', width: 2, height: 1 });
  expect([...(first?.pixels ?? [])]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
  expect(second).toMatchObject({ of: '2.25.2', width: 1, height: 3 });
  // Pixels of 2 by 3 mm.
  expect(second?.size).toMatchObject({ width: 1, height: 4.5 });
});

test('each volume of a case is shown by its middle slice, but not its segmentation', async () => {
  const volume = makeVolumeFile({
    shape: [2, 2, 3],
    sliceAxis: 2,
    stored: Int16Array.of(0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0),
  });
  const names = ['case/X_t1.nii', 'case/X_t2.nii', 'case/X_seg.nii'];
  const thumbnails = await readThumbnails(names.map((name) => makeFile([volume], name)));
  expect(thumbnails.map(({ of }) => of)).toEqual(['X_t1.nii', 'X_t2.nii']);
  expect([...(thumbnails[0]?.pixels ?? [])].filter((_, at) => at % 4 === 0)).toEqual([
    255, 0, 0, 0,
  ]);
});

test('what cannot be read here has no picture', async () => {
  expect(await readThumbnails([makeFile(['DICM'], 'cut.dcm')])).toEqual([]);
});
