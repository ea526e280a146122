import { parseVoxels } from '../../../../frontend/src/reading/pixels/voxels.js';
import {
  changeWindow,
  makeWindow,
  makeWindowTable,
  measureWindows,
} from '../../../../frontend/src/reading/pixels/window-table.js';
import { makeVolumeFile } from './nifti.mjs';

const SIGNED = parseVoxels(
  makeVolumeFile({ shape: [2, 1, 1], sliceAxis: 2, stored: new Int16Array([-100, 300]) }),
);

/**
 * @param {Uint32Array} table
 * @param {number} stored
 */
function readGrey(table, stored) {
  const pixel = /** @type {number} */ (table[stored & 0xffff]);
  expect(pixel >>> 24).toBe(255);
  expect(new Set([pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255]).size).toBe(1);
  return pixel & 255;
}

test('the window is black below and white above, and grey between', () => {
  const table = makeWindowTable(SIGNED, { lower: -100, upper: 100 }, false);
  expect([-32_768, -100, 0, 50, 100, 32_767].map((stored) => readGrey(table, stored))).toEqual([
    0, 0, 127, 191, 255, 255,
  ]);
});

test('inverted, it is the other way round', () => {
  const table = makeWindowTable(SIGNED, { lower: -100, upper: 100 }, true);
  expect([-100, 50, 100].map((stored) => readGrey(table, stored))).toEqual([255, 64, 0]);
});

test('scaled numbers meet the window in intensities', () => {
  const stored = new Uint16Array([0, 65_535]);
  const voxels = parseVoxels(
    makeVolumeFile({ shape: [2, 1, 1], sliceAxis: 2, stored, scale: [0.001, -10] }),
  );
  const table = makeWindowTable(voxels, { lower: -10, upper: 55.535 }, false);
  expect([0, 65_535].map((number) => readGrey(table, number))).toEqual([0, 255]);
});

test('a window without width shows nothing', () => {
  const table = makeWindowTable(SIGNED, { lower: 5, upper: 5 }, false);
  expect([-100, 5, 300].map((stored) => readGrey(table, stored))).toEqual([0, 0, 0]);
});

test('a window is moved and widened by shares of the range', () => {
  const range = { least: 0, largest: 1000 };
  const window = changeWindow({ lower: 400, upper: 600 }, { level: 0.1, width: 0.2 }, range);
  expect(window).toEqual({ lower: 400, upper: 800 });
});

test('its centre stays among the intensities, and it never closes', () => {
  const range = { least: 0, largest: 1000 };
  expect(makeWindow(5000, -3, range)).toEqual({ lower: 999.5, upper: 1000.5 });
});

test('the presets hold for all slices: the brightest are clipped, and for the brain the fat as well', () => {
  // Air, brain from 300 to 499, a little fat, one bright voxel.
  const stored = new Int16Array(2000);
  for (let at = 1000; at < 1950; at += 1) stored[at] = 300 + (at % 200);
  stored.fill(900, 1950, 1999);
  stored[1999] = 3000;
  const voxels = parseVoxels(
    makeVolumeFile({ shape: [10, 10, 20], sliceAxis: 2, stored, scale: [2, 10] }),
  );
  const { auto, brain, full } = measureWindows(voxels);
  expect(full).toEqual({ lower: 10, upper: 6010 });
  expect(auto).toEqual({ lower: 10, upper: 1810 });
  expect(brain.lower).toBeGreaterThan(600);
  expect(brain.upper).toBeLessThan(1200);
});
