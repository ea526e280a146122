import {
  createHeatmapControl,
  findHeatColor,
} from '../../../frontend/src/views/heatmap-control.js';
import { makePrediction } from '../factories.mjs';

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
  const control = createHeatmapControl(root, () => {});
  const box = /** @type {HTMLElement} */ (root.querySelector('.heatmap-control'));
  control.update(makePrediction());
  expect(box.hidden).toBe(true);
  control.update(EXPLAINED);
  expect(box.hidden).toBe(false);
  expect(root.querySelector('label')?.textContent).toBe('What speaks for glioma');
  control.update(null);
  expect(box.hidden).toBe(true);
});

test('the slider is the opacity, and tells when it moves', () => {
  const root = document.createElement('div');
  const onChange = vi.fn();
  const control = createHeatmapControl(root, onChange);
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
  const control = createHeatmapControl(root, () => {});
  const none = makePrediction({ ...EXPLAINED, decision: 'no_tumor', label: null });
  control.update(none);
  expect(control.opacity).toBe(0);
  expect(root.textContent).toContain('What little speaks for');
  control.update(EXPLAINED);
  expect(control.opacity).toBeGreaterThan(0);
  const slider = /** @type {HTMLInputElement} */ (root.querySelector('input'));
  slider.value = '70';
  slider.dispatchEvent(new Event('input'));
  control.update(none);
  expect(control.opacity).toBe(0.7);
});
