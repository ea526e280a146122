import { findHeatColor } from '../../../../frontend/src/answer/class-colors.js';
import { findHeatmap, findKind } from '../../../../frontend/src/reading/heatmaps.js';
import { changeDisplay, startDisplay } from '../../../../frontend/src/reading/viewer/display.js';
import { createHeatmapControl } from '../../../../frontend/src/reading/viewer/heatmap-control.js';
import { makePrediction, makeVolumePrediction } from '../../factories.mjs';

const MAP = { width: 8, height: 8, heatmap_png: 'g', by_kind: { glioma: 'g', meningioma: 'm' } };
const EXPLAINED = makePrediction({
  explanation: { method: 'hirescam', label: 'glioma', slice_index: 0, ...MAP, further: [] },
});

function makeVolume() {
  const prediction = makeVolumePrediction();
  prediction.explanation = {
    ...{ method: 'hirescam', label: 'glioma', slice_index: 5, ...MAP },
    further: [{ slice_index: 4, ...MAP }],
  };
  return prediction;
}

function createControl() {
  const root = document.createElement('div');
  const onCommand = vi.fn();
  const control = createHeatmapControl(root, onCommand);
  const slider = /** @type {HTMLInputElement} */ (root.querySelector('input'));
  const classes = /** @type {HTMLSelectElement} */ (root.querySelector('select'));
  return { root, control, onCommand, slider, classes };
}

test('the control is there where there is a map, and names the class', () => {
  const { root, control } = createControl();
  const box = /** @type {HTMLElement} */ (root.querySelector('.heatmap-control'));
  control.update(makePrediction(), startDisplay(makePrediction()), 'staff');
  expect(box.hidden).toBe(true);
  control.update(EXPLAINED, startDisplay(EXPLAINED), 'staff');
  expect(box.hidden).toBe(false);
  expect(root.querySelector('label')?.textContent).toBe('Heat map for glioma');
  control.update(null, startDisplay(null), 'staff');
  expect(box.hidden).toBe(true);
});

test('for a patient the control names no class', () => {
  const { root, control, classes } = createControl();
  control.update(EXPLAINED, startDisplay(EXPLAINED), 'patient');
  expect(root.querySelector('label')?.textContent).toBe('Where the program looked');
  expect(classes.hidden).toBe(true);
});

test('the slider shows the opacity of the display, and asks for another', () => {
  const { control, slider, onCommand } = createControl();
  control.update(EXPLAINED, { ...startDisplay(EXPLAINED), opacity: 0.8 }, 'staff');
  expect(slider.value).toBe('80');
  slider.value = '20';
  slider.dispatchEvent(new Event('input'));
  expect(onCommand).toHaveBeenCalledWith({ kind: 'fade', opacity: 0.2 });
});

test('slider and map follow the study: hidden where no tumour was found, and back', () => {
  const { root, control, slider } = createControl();
  const none = makePrediction({ ...EXPLAINED, decision: 'no_tumor', label: null });
  const seen = [EXPLAINED, none, EXPLAINED].map((prediction) => {
    control.update(prediction, startDisplay(prediction), 'staff');
    return [Number(slider.value) / 100, startDisplay(prediction).opacity];
  });
  expect(seen).toEqual([
    [0.45, 0.45],
    [0, 0],
    [0.45, 0.45],
  ]);
  control.update(none, startDisplay(none), 'staff');
  expect(root.textContent).toContain('Heat map for glioma (weak evidence)');
});

test('one key hides the map and shows it again', () => {
  const scan = { prediction: EXPLAINED, voxels: null };
  const hidden = changeDisplay(startDisplay(EXPLAINED), { kind: 'toggleMap' }, scan);
  expect(hidden.opacity).toBe(0);
  expect(changeDisplay(hidden, { kind: 'toggleMap' }, scan).opacity).toBe(0.45);
});

test('the map of a slice is of its own most probable kind of tumour, whatever the study says', () => {
  const prediction = makeVolume();
  Object.assign(prediction.slices[3]?.probabilities ?? {}, { glioma: 0.01, meningioma: 0.88 });
  expect(findKind(prediction, 5)).toBe('glioma');
  expect(findKind(prediction, 4)).toBe('meningioma');
  expect(findHeatmap(prediction, 4, 'meningioma')).toBe('m');
  expect(findHeatmap(prediction, 3, 'glioma')).toBeNull();
  const { root, control } = createControl();
  control.update(prediction, { ...startDisplay(prediction), index: 4 }, 'staff');
  expect(root.querySelector('label')?.textContent).toBe('Heat map for meningioma');
});

test('another class can be chosen, and is shown', () => {
  const { root, control, classes, onCommand } = createControl();
  control.update(EXPLAINED, startDisplay(EXPLAINED), 'staff');
  classes.value = 'meningioma';
  classes.dispatchEvent(new Event('change'));
  const command = onCommand.mock.calls[0]?.[0];
  expect(command).toEqual({ kind: 'explain', tumor: 'meningioma' });
  const scan = { prediction: EXPLAINED, voxels: null };
  control.update(EXPLAINED, changeDisplay(startDisplay(EXPLAINED), command, scan), 'staff');
  expect(root.querySelector('label')?.textContent).toBe('Heat map for meningioma');
});

test('a service that draws one kind only has no choice of class', () => {
  const older = makePrediction(EXPLAINED);
  if (older.explanation) older.explanation = { ...older.explanation, by_kind: {} };
  const { control, classes } = createControl();
  control.update(older, startDisplay(older), 'staff');
  expect(classes.hidden).toBe(true);
  expect(findHeatmap(older, 0, findKind(older, 0))).toBe('g');
});

test('the map has the color of its class, and one of its own for a class without', () => {
  expect(findHeatColor(EXPLAINED, 'glioma')).toBe('#d55e00');
  expect(findHeatColor(makePrediction(), '')).toBe('#e69f00');
});

test('the slices of a volume that have a map are named, and can be gone to', () => {
  const { root, control, onCommand } = createControl();
  const prediction = makeVolume();
  control.update(prediction, startDisplay(prediction), 'staff');
  const buttons = [...root.querySelectorAll('button')];
  expect(buttons.map(({ textContent }) => textContent)).toEqual(['5', '6']);
  expect(buttons.map((button) => button.getAttribute('aria-pressed'))).toEqual(['false', 'true']);
  buttons[0]?.click();
  expect(onCommand).toHaveBeenCalledWith({ kind: 'go', index: 4 });
});
