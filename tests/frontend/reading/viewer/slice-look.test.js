import {
  changeLook,
  findRange,
  startLook,
} from '../../../../frontend/src/reading/viewer/slice-look.js';
import { makePrediction, makeVolumePrediction } from '../../factories.mjs';

const WINDOW = { lower: 100, upper: 900 };
const VOLUME = { prediction: makeVolumePrediction(), voxels: null };
VOLUME.prediction.input.view.window = WINDOW;
const START = startLook(VOLUME.prediction);

test('a study is first seen as it was judged', () => {
  expect(START.index).toBe(5);
  expect(START.window).toEqual(WINDOW);
  expect(startLook(null)).toMatchObject({ index: 0, window: null, inverted: false });
});

test('slices are gone through, and end at the ends', () => {
  const to = (/** @type {number} */ by) => changeLook(START, { kind: 'step', by }, VOLUME).index;
  expect([to(1), to(-2), to(10), to(-10)]).toEqual([6, 3, 9, 0]);
  const go = (/** @type {number} */ index) =>
    changeLook(START, { kind: 'go', index }, VOLUME).index;
  expect([go(4), go(Number.POSITIVE_INFINITY)]).toEqual([4, 9]);
});

test('a picture has one slice only', () => {
  const scan = { prediction: makePrediction(), voxels: null };
  expect(changeLook(startLook(scan.prediction), { kind: 'step', by: 1 }, scan).index).toBe(0);
});

test('reset brings back window and place, and stays on the slice', () => {
  let look = changeLook(START, { kind: 'go', index: 2 }, VOLUME);
  look = changeLook(look, { kind: 'zoom', factor: 3 }, VOLUME);
  look = changeLook(look, { kind: 'pan', x: 0.2, y: 0.1 }, VOLUME);
  look = changeLook(look, { kind: 'invert' }, VOLUME);
  look = changeLook(look, { kind: 'moveWindow', level: 0.1, width: 0.1 }, VOLUME);
  expect(look.inverted).toBe(true);
  expect(look.window).not.toEqual(START.window);
  expect(look.viewport).toEqual({ zoom: 3, x: 0.2, y: 0.1 });
  expect(changeLook(look, { kind: 'reset' }, VOLUME)).toEqual({ ...START, index: 2 });
});

test('before the voxels are here a window can be moved about itself', () => {
  expect(findRange(null, { lower: 10, upper: 110 })).toEqual({ least: 0, largest: 210 });
});
