import { gzipSync } from 'node:zlib';
import { fillSlice } from '../../../../frontend/src/reading/pixels/voxels.js';
import { describeInput } from '../../../../frontend/src/reading/preview/describe-input.js';
import { orientVolume } from '../../../../frontend/src/reading/preview/orient.js';
import { readPreview } from '../../../../frontend/src/reading/preview/read-preview.js';
import { makeVolumeFile } from '../pixels/nifti.mjs';
import { makeDicomFile, makeFile } from './dicom.mjs';

/** @typedef {import('../../../../frontend/src/reading/pixels/voxels.js').Voxels} Voxels */

const NUMBERS = new Uint32Array(65_536).map((_, bits) => bits);
const SHAPE = /** @type {[number, number, number]} */ ([2, 3, 2]);

/**
 * A slice as it is displayed, row by row.
 * @param {Voxels} voxels
 * @param {number} index
 */
function show(voxels, index) {
  const pixels = new Uint32Array(voxels.width * voxels.height);
  fillSlice(voxels, index, NUMBERS, pixels);
  return Array.from({ length: voxels.height }, (_, row) =>
    [...pixels].slice(row * voxels.width, (row + 1) * voxels.width),
  );
}

/**
 * @param {number} at place of the cell in the header
 * @param {number} value
 * @param {ArrayBuffer} file changed in place
 */
function setFloat(at, value, file) {
  new DataView(file).setFloat32(at, value, true);
  return file;
}

/**
 * @param {BlobPart} data
 * @param {string} [name]
 */
async function read(data, name = 'scan.nii') {
  return /** @type {Voxels} */ (await readPreview([makeFile([data], name)]));
}

test('a NIfTI volume is read in the orientation of the service', async () => {
  const stored = Int16Array.from({ length: 12 }, (_, at) => at);
  const file = setFloat(280, 2, makeVolumeFile({ shape: SHAPE, sliceAxis: 2, stored }));
  const ras = await read(file);
  expect(show(ras, 0)).toEqual([
    [5, 4],
    [3, 2],
    [1, 0],
  ]);
  // The first axis grows to the left.
  const las = await read(setFloat(280, -2, file));
  expect(show(las, 0)).toEqual([
    [4, 5],
    [2, 3],
    [0, 1],
  ]);
  // The last voxel along it, 2 mm left of the first, is the new first one.
  expect(las.affine[0]).toEqual([2, 0, 0, -92]);
});

test('a compressed volume of decimal numbers fills 16 bits, and its intensities are kept', async () => {
  const file = makeVolumeFile({ shape: [2, 1, 1], sliceAxis: 2, stored: new Int16Array(4) });
  setFloat(280, 2, file);
  new DataView(file).setInt16(70, 16, true);
  new DataView(file).setInt16(72, 32, true);
  for (const [at, number] of [-0.5, 1.5].entries()) setFloat(352 + 4 * at, number, file);
  const { stored, least, largest } = await read(
    new Uint8Array(gzipSync(new Uint8Array(file))),
    'scan.nii.gz',
  );
  expect([...stored]).toEqual([0, 65_535]);
  expect([least, largest]).toEqual([-0.5, 1.5]);
});

test('slices are counted along the axis that is clearly coarser', () => {
  const affine = [
    [1, 0, 0, 0],
    [0, 4, 0, 0],
    [0, 0, 1, 0],
  ];
  const numbers = Int16Array.from({ length: 12 }, (_, at) => at);
  const common = { numbers, shape: SHAPE, affine, slope: 1, intercept: 0 };
  const { plane, slice_count, view } = describeInput(orientVolume({ ...common, stacked: 1 }));
  expect([plane, slice_count]).toEqual(['coronal', 3]);
  expect([view.width, view.height]).toEqual([2, 2]);
  const axial = describeInput(orientVolume({ ...common, stacked: 2 }));
  expect([axial.view.width, axial.view.height], 'in square pixels').toEqual([2, 12]);
});

test('axes that are exchanged are put back', () => {
  const numbers = Uint16Array.from({ length: 12 }, (_, at) => at);
  // The file runs through superior first, then to the left, then to anterior.
  const affine = [
    [0, -1, 0, 0],
    [0, 0, 1, 0],
    [1, 0, 0, 0],
  ];
  const volume = { numbers, shape: SHAPE, affine, stacked: /** @type {const} */ (2) };
  const voxels = orientVolume({ ...volume, slope: 1, intercept: 0 });
  expect(voxels.shape).toEqual([3, 2, 2]);
  expect(voxels.sliceAxis).toBe(1);
  expect(show(voxels, 0)).toEqual([
    [1, 3, 5],
    [0, 2, 4],
  ]);
});

test('DICOM slices are stacked by their positions, the largest series of them', async () => {
  const files = [2, 0, 1].map((z) =>
    makeDicomFile({
      pixels: Uint16Array.of(10 * z, 10 * z + 1),
      columns: 2,
      position: `0\\0\\${5 * z}`,
    }),
  );
  const other = makeDicomFile({ pixels: Uint16Array.of(7, 7), columns: 2, series: '2.25.2' });
  const voxels = /** @type {Voxels} */ (await readPreview([other, ...files]));
  expect(voxels.shape).toEqual([2, 1, 3]);
  expect([0, 1, 2].map((index) => show(voxels, index)[0])).toEqual([
    [0, 1],
    [10, 11],
    [20, 21],
  ]);
  expect(voxels.affine.map((row) => row.map(Math.abs))).toEqual([
    [2, 0, 0, 2],
    [0, 3, 0, 0],
    [0, 0, 5, 0],
  ]);
});

test('DICOM slices of different scales share one, and a sagittal series is sagittal', async () => {
  const files = [1, 2].map((slope) =>
    makeDicomFile({
      pixels: Uint16Array.of(0, 100),
      columns: 2,
      orientation: '0\\1\\0\\0\\0\\-1',
      position: `${slope}\\0\\0`,
      scale: [slope, 0],
    }),
  );
  const voxels = /** @type {Voxels} */ (await readPreview(files));
  expect(describeInput(voxels)).toMatchObject({ plane: 'sagittal', slice_count: 2 });
  expect([voxels.least, voxels.largest]).toEqual([0, 200]);
});

test('what needs a codec, archives and damaged files wait for the service', async () => {
  const pixels = Uint16Array.of(1, 2);
  const jpeg = makeDicomFile({ pixels, columns: 2, syntax: '1.2.840.10008.1.2.4.70' });
  expect(await readPreview([jpeg])).toBeNull();
  const whole = makeDicomFile({ pixels, columns: 2 });
  expect(await readPreview([makeFile([whole.slice(0, 200)], 'cut.dcm')])).toBeNull();
  expect(await read('PK\x03\x04', 'scans.zip')).toBeNull();
  const file = makeVolumeFile({ shape: SHAPE, sliceAxis: 2, stored: new Int16Array(4) });
  expect(await read(file), 'voxels are missing').toBeNull();
});

test('of a BraTS case the contrast-enhanced T1 is shown, and never the segmentation', async () => {
  const make = (/** @type {number} */ number) =>
    setFloat(
      280,
      2,
      makeVolumeFile({ shape: [1, 1, 1], sliceAxis: 2, stored: Int16Array.of(number) }),
    );
  const files = ['a_seg.nii', 'a_flair.nii', 'a_t1ce.nii'].map((name, at) =>
    makeFile([make(at)], name),
  );
  const shown = /** @type {Voxels} */ (await readPreview(files));
  expect(shown.largest).toBe(2);
  const others = /** @type {Voxels} */ (await readPreview(files.slice(0, 2)));
  expect(others.largest).toBe(1);
});
