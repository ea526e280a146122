import {
  changeDisplay,
  findRange,
  findWindow,
  startDisplay,
} from '../../../../frontend/src/reading/viewer/display.js';
import { makePrediction, makeVolumePrediction } from '../../factories.mjs';

const WINDOW = { lower: 100, upper: 900 };
const VOLUME = { prediction: makeVolumePrediction(), voxels: null };
VOLUME.prediction.input.view.window = WINDOW;
const START = startDisplay(VOLUME.prediction);

test('a study is first displayed as it was analysed', () => {
  expect(START.index).toBe(5);
  expect(findWindow(START, VOLUME.prediction, null)).toEqual(WINDOW);
  expect(startDisplay(null)).toMatchObject({ index: 0, window: 'auto', inverted: false });
});

test('stepping through the slices stops at both ends', () => {
  const to = (/** @type {number} */ by) => changeDisplay(START, { kind: 'step', by }, VOLUME).index;
  expect([to(1), to(-2), to(10), to(-10)]).toEqual([6, 3, 9, 0]);
  const go = (/** @type {number} */ index) =>
    changeDisplay(START, { kind: 'go', index }, VOLUME).index;
  expect([go(4), go(Number.POSITIVE_INFINITY)]).toEqual([4, 9]);
});

test('a picture has one slice only', () => {
  const scan = { prediction: makePrediction(), voxels: null };
  expect(changeDisplay(startDisplay(scan.prediction), { kind: 'step', by: 1 }, scan).index).toBe(0);
});

test('reset brings back window and place, and stays on the slice', () => {
  let display = changeDisplay(START, { kind: 'go', index: 2 }, VOLUME);
  display = changeDisplay(display, { kind: 'zoom', factor: 3 }, VOLUME);
  display = changeDisplay(display, { kind: 'pan', x: 0.2, y: 0.1 }, VOLUME);
  display = changeDisplay(display, { kind: 'invert' }, VOLUME);
  display = changeDisplay(display, { kind: 'moveWindow', level: 0.1, width: 0.1 }, VOLUME);
  expect(display.inverted).toBe(true);
  expect(display.window).not.toEqual(START.window);
  expect(display.viewport).toEqual({ zoom: 3, x: 0.2, y: 0.1 });
  expect(changeDisplay(display, { kind: 'reset' }, VOLUME)).toEqual({ ...START, index: 2 });
});

test('before the voxels are here a window can be moved about itself', () => {
  expect(findRange(null, { lower: 10, upper: 110 })).toEqual({ least: 0, largest: 210 });
});

test('the next finding is the nearest one in that direction, and at the end there is none', () => {
  const prediction = makeVolumePrediction();
  const finding = { label: 'glioma', probability: 0.9, planes: [], extent_mm: 10, centre_mm: null };
  prediction.findings = [
    { ...finding, slices: [7, 9] },
    { ...finding, slices: [0, 2] },
  ];
  const scan = { prediction, voxels: null };
  const go = (/** @type {1 | -1} */ by, /** @type {number} */ index) =>
    changeDisplay({ ...startDisplay(prediction), index }, { kind: 'finding', by }, scan).index;
  expect([go(1, 5), go(-1, 5), go(1, 0), go(1, 8), go(-1, 1)]).toEqual([8, 1, 1, 8, 1]);
  const away = { ...startDisplay(prediction), index: 0 };
  expect(changeDisplay(away, { kind: 'toFinding' }, scan).index).toBe(
    prediction.input.view.slice_index,
  );
});

test('a line that was measured stays on its slice', () => {
  const line = /** @type {import('../../../../frontend/src/reading/viewer/display.js').Line} */ ([
    { x: 0, y: 0 },
    { x: 1, y: 0.5 },
  ]);
  const measured = changeDisplay(START, { kind: 'measure', line }, VOLUME);
  expect(changeDisplay(measured, { kind: 'invert' }, VOLUME).ruler).toBe(line);
  expect(changeDisplay(measured, { kind: 'step', by: 1 }, VOLUME).ruler).toBeNull();
});
