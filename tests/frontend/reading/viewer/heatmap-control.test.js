import { findHeatColor } from '../../../../frontend/src/answer/class-colors.js';
import { createHeatmapControl } from '../../../../frontend/src/reading/viewer/heatmap-control.js';
import { makePrediction } from '../../factories.mjs';

const IGNORE = { onChange: () => {}, onSlice: () => {} };
const EXPLAINED = makePrediction({
  explanation: {
    method: 'hirescam',
    label: 'glioma',
    slice_index: 0,
    width: 640,
    height: 512,
    heatmap_png: '',
    further: [],
  },
});

test('the control is there where there is a map, and names the class', () => {
  const root = document.createElement('div');
  const control = createHeatmapControl(root, IGNORE);
  const box = /** @type {HTMLElement} */ (root.querySelector('.heatmap-control'));
  control.update(makePrediction());
  expect(box.hidden).toBe(true);
  control.update(EXPLAINED);
  expect(box.hidden).toBe(false);
  expect(root.querySelector('label')?.textContent).toBe('Heat map for glioma');
  control.update(null);
  expect(box.hidden).toBe(true);
});

test('the slider is the opacity, and tells when it moves', () => {
  const root = document.createElement('div');
  const onChange = vi.fn();
  const control = createHeatmapControl(root, { ...IGNORE, onChange });
  const slider = /** @type {HTMLInputElement} */ (root.querySelector('input'));
  slider.value = '80';
  slider.dispatchEvent(new Event('input'));
  expect(onChange).toHaveBeenCalledOnce();
  expect(control.opacity).toBe(0.8);
});

test('the map has the color of its class, and one of its own for a class without', () => {
  expect(findHeatColor(EXPLAINED)).toBe('#d55e00');
  expect(findHeatColor(makePrediction())).toBe('#e69f00');
});

test('where no tumour was found the map is shown on request only', () => {
  const root = document.createElement('div');
  const control = createHeatmapControl(root, IGNORE);
  const none = makePrediction({ ...EXPLAINED, decision: 'no_tumor', label: null });
  control.update(none);
  expect(control.opacity).toBe(0);
  expect(root.textContent).toContain('Heat map for glioma (weak evidence)');
  control.update(EXPLAINED);
  expect(control.opacity).toBeGreaterThan(0);
  const slider = /** @type {HTMLInputElement} */ (root.querySelector('input'));
  slider.value = '70';
  slider.dispatchEvent(new Event('input'));
  control.update(none);
  expect(control.opacity).toBe(0.7);
});

test('the slices of a volume that have a map are named, and can be gone to', () => {
  const root = document.createElement('div');
  const onSlice = vi.fn();
  const control = createHeatmapControl(root, { ...IGNORE, onSlice });
  const prediction = makePrediction(EXPLAINED);
  const map = { slice_index: 11, width: 8, height: 8, heatmap_png: '' };
  prediction.input.slice_count = 40;
  if (prediction.explanation) {
    Object.assign(prediction.explanation, { slice_index: 12, further: [map] });
  }
  control.update(prediction, 12);
  const buttons = [...root.querySelectorAll('button')];
  expect(buttons.map(({ textContent }) => textContent)).toEqual(['12', '13']);
  expect(buttons.map((button) => button.getAttribute('aria-pressed'))).toEqual(['false', 'true']);
  buttons[0]?.click();
  expect(onSlice).toHaveBeenCalledWith(11);
});
