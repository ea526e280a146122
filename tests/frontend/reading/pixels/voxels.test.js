import { gzipSync } from 'node:zlib';
import {
  fillSlice,
  findNearestSlice,
  parseVoxels,
  probe,
  unpackGzip,
} from '../../../../frontend/src/reading/pixels/voxels.js';
import { makeVolumeFile } from './nifti.mjs';

// Of a voxel, by its place along right, anterior and superior: 100 * right + 10 * anterior + superior.
const SHAPE = /** @type {[number, number, number]} */ ([2, 3, 4]);
const STORED = new Int16Array(24).map((_, at) => {
  const [right, anterior, superior] = [at % 2, Math.floor(at / 2) % 3, Math.floor(at / 6)];
  return 100 * right + 10 * anterior + superior;
});
const NUMBERS = new Uint32Array(65_536).map((_, bits) => bits);

/**
 * @param {number} sliceAxis
 * @param {number} index
 */
function readSlice(sliceAxis, index) {
  const voxels = parseVoxels(makeVolumeFile({ shape: SHAPE, sliceAxis, stored: STORED }));
  const pixels = new Uint32Array(voxels.width * voxels.height);
  fillSlice(voxels, index, NUMBERS, pixels);
  return Array.from({ length: voxels.height }, (_, row) =>
    [...pixels].slice(row * voxels.width, (row + 1) * voxels.width),
  );
}

test('an axial slice has anterior up and the right on the left', () => {
  expect(readSlice(2, 3)).toEqual([
    [123, 23],
    [113, 13],
    [103, 3],
  ]);
});

test('a coronal slice has superior up and the right on the left', () => {
  expect(readSlice(1, 2)).toEqual([
    [123, 23],
    [122, 22],
    [121, 21],
    [120, 20],
  ]);
});

test('a sagittal slice has superior up and anterior on the left', () => {
  expect(readSlice(0, 1)).toEqual([
    [123, 113, 103],
    [122, 112, 102],
    [121, 111, 101],
    [120, 110, 100],
  ]);
});

test('the slices are counted along the axis that the header names', () => {
  const counts = [0, 1, 2].map(
    (sliceAxis) =>
      parseVoxels(makeVolumeFile({ shape: SHAPE, sliceAxis, stored: STORED })).sliceCount,
  );
  expect(counts).toEqual([2, 3, 4]);
});

test('intensities are scaled as the header says', () => {
  const stored = new Uint16Array(24).fill(9);
  stored[5] = 65_535;
  const voxels = parseVoxels(
    makeVolumeFile({ shape: SHAPE, sliceAxis: 2, stored, scale: [0.5, -2] }),
  );
  expect([voxels.least, voxels.largest]).toEqual([2.5, 32_765.5]);
  expect([voxels.slope, voxels.intercept]).toEqual([0.5, -2]);
});

test.each([
  ['nothing', new ArrayBuffer(0)],
  ['another format', new ArrayBuffer(400)],
  [
    'a file that ends too soon',
    makeVolumeFile({ shape: SHAPE, sliceAxis: 2, stored: STORED }).slice(0, 380),
  ],
])('%s is refused', (_, file) => {
  expect(() => parseVoxels(file)).toThrow();
});

test('what the service packs is unpacked', async () => {
  const packed = new Uint8Array(gzipSync(new Uint8Array([1, 2, 3])));
  expect([...new Uint8Array(await unpackGzip(packed.buffer))]).toEqual([1, 2, 3]);
});

test.each([
  [0, { x: 0.01, y: 0.01 }, 123],
  [1, { x: 0.01, y: 0.99 }, 110],
  [2, { x: 0.99, y: 0.4 }, 13],
])(
  'under the pointer is the voxel that is drawn there (axis %d)',
  (sliceAxis, point, intensity) => {
    const voxels = parseVoxels(makeVolumeFile({ shape: SHAPE, sliceAxis, stored: STORED }));
    const index = sliceAxis === 2 ? 3 : 1;
    expect(probe(voxels, index, point)?.intensity).toBe(intensity);
    expect(probe(voxels, index, { x: 1.01, y: 0.5 })).toBeNull();
  },
);

test('the place under the pointer is in the millimetres of the scanner', () => {
  const voxels = parseVoxels(makeVolumeFile({ shape: SHAPE, sliceAxis: 2, stored: STORED }));
  expect(probe(voxels, 3, { x: 0.01, y: 0.01 })?.place).toEqual([-88, 4, 6]);
});

test('of two series of an examination the slices at one place are found', () => {
  const make = (/** @type {number} */ sliceAxis, /** @type {number} */ count) => {
    const shape = /** @type {[number, number, number]} */ ([2, 2, count]);
    const file = makeVolumeFile({ shape, sliceAxis, stored: new Int16Array(4 * count) });
    return parseVoxels(file);
  };
  const fine = make(2, 10);
  // Slices of 4 mm from 6 mm on, beside slices of 2 mm from 0 mm on.
  const coarse = {
    ...make(2, 3),
    affine: [
      [2, 0, 0, 0],
      [0, 2, 0, 0],
      [0, 0, 4, 6],
    ],
  };
  expect([3, 5, 7, 9].map((index) => findNearestSlice(coarse, fine, index))).toEqual([0, 1, 2, 2]);
  expect([0, 1, 2].map((index) => findNearestSlice(fine, coarse, index))).toEqual([3, 5, 7]);
  expect(findNearestSlice(coarse, fine, 0), 'the nearest').toBe(0);
  expect(findNearestSlice(make(0, 2), fine, 5), 'across each other').toBeNull();
});
