import { fillSlice, parseVoxels } from '../../../../frontend/src/reading/pixels/voxels.js';
import { makeMapVolume } from '../../../../frontend/src/reading/planes/map-volume.js';
import { makeVolumeFile } from '../pixels/nifti.mjs';

const LEVELS = new Uint32Array(65_536).map((_, bits) => bits);

for (const sliceAxis of /** @type {const} */ ([0, 1, 2])) {
  test(`a map lies where its slice lies, across axis ${sliceAxis}`, () => {
    const shape = /** @type {[number, number, number]} */ ([4, 5, 6]);
    const scan = makeVolumeFile({ shape, sliceAxis, stored: new Int16Array(120) });
    const voxels = parseVoxels(scan);
    const { width, height } = voxels;
    const first = Uint8ClampedArray.from({ length: width * height }, (_, at) => 2 * at);
    const second = first.map((level) => level + 100);
    const maps = new Map([
      [2, second],
      [0, first],
    ]);
    const read = (/** @type {number} */ index, /** @type {[number, number][]} */ findings) => {
      const file = makeMapVolume(scan, voxels, maps, findings);
      const stored = Uint16Array.from(new Uint8Array(file, 352));
      const pixels = new Uint32Array(width * height);
      fillSlice({ ...voxels, stored }, index, LEVELS, pixels);
      return [...pixels];
    };
    expect(read(0, [])).toEqual([...first]);
    expect(read(2, [])).toEqual([...second]);
    expect(read(1, [[0, 2]]), 'half of each').toEqual([...first.map((level) => level + 50)]);
    expect(new Set(read(1, [[1, 3]])), 'of no finding').toEqual(new Set([0]));
    expect(new Set(read(3, [[0, 3]])), 'nothing beyond the last').toEqual(new Set([0]));
  });
}

test('the map has the place of the scan, and 8 bits', () => {
  const scan = makeVolumeFile({ shape: [2, 2, 2], sliceAxis: 2, stored: new Int16Array(8) });
  const file = makeMapVolume(scan, parseVoxels(scan), new Map(), []);
  expect(file.byteLength).toBe(352 + 8);
  const header = new DataView(file);
  expect([header.getInt16(70, true), header.getInt16(72, true)]).toEqual([2, 8]);
  expect(header.getFloat32(292, true)).toBe(-90);
});
