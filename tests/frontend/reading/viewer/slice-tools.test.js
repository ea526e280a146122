import { findWindow, startDisplay } from '../../../../frontend/src/reading/viewer/display.js';
import { createSliceTools } from '../../../../frontend/src/reading/viewer/slice-tools.js';
import { makePrediction, makeVolumePrediction } from '../../factories.mjs';

/** @param {import('../../../../frontend/src/api/client.js').PredictionAnswer} prediction */
function createTools(prediction) {
  const root = document.createElement('div');
  const onCommand = vi.fn();
  const tools = createSliceTools(root, onCommand);
  const display = startDisplay(prediction);
  const window = findWindow(display, prediction, null);
  const hasFinding = prediction.findings.length > 0;
  tools.update(display, window, prediction.input.slice_count, null, hasFinding);
  return { root, tools, onCommand };
}

/**
 * @param {HTMLElement} root
 * @param {string} words before it
 */
function findSlider(root, words) {
  const label = [...root.querySelectorAll('label')].find((one) => one.textContent === words);
  return /** @type {HTMLInputElement} */ (label?.querySelector('input'));
}

/**
 * @param {HTMLElement} root
 * @param {string} words
 */
function findButton(root, words) {
  const buttons = [...root.querySelectorAll('button')];
  return buttons.find(
    (button) => button.textContent === words || button.getAttribute('aria-label') === words,
  );
}

function makeWindowed() {
  const prediction = makeVolumePrediction();
  prediction.input.view.window = { lower: 100, upper: 300 };
  return prediction;
}

/** @param {HTMLInputElement} slider @param {string} value */
function slide(slider, value) {
  slider.value = value;
  slider.dispatchEvent(new Event('input'));
}

test('the slider of slices counts from one, and says where it is', () => {
  const { root, onCommand } = createTools(makeVolumePrediction());
  const slider = findSlider(root, 'Slice');
  expect([slider.min, slider.value, slider.max]).toEqual(['1', '6', '10']);
  expect(slider.getAttribute('aria-valuetext')).toBe('6 of 10');
  slide(slider, '2');
  expect(onCommand).toHaveBeenCalledWith({ kind: 'go', index: 1 });
});

test('a single picture without a window has neither slices nor window', () => {
  const { root, tools } = createTools(makePrediction());
  expect(findSlider(root, 'Slice').closest('.slider-line')).toHaveProperty('hidden', true);
  expect(findSlider(root, 'Level').closest('details')).toHaveProperty('hidden', true);
  findButton(root, 'Drag window')?.click();
  expect(tools.dragging).toBe('pan');
});

test('level and width make a window of intensities', () => {
  const { root, onCommand } = createTools(makeWindowed());
  slide(findSlider(root, 'Level'), '250');
  slide(findSlider(root, 'Width'), '100');
  expect(onCommand.mock.calls).toEqual([
    [{ kind: 'setWindow', window: { lower: 150, upper: 350 } }],
    [{ kind: 'setWindow', window: { lower: 150, upper: 250 } }],
  ]);
});

test('a drag changes the window while the button for it is pressed', () => {
  const { root, tools } = createTools(makeWindowed());
  const button = findButton(root, 'Drag window');
  expect([tools.dragging, button?.getAttribute('aria-pressed')]).toEqual(['pan', 'false']);
  button?.click();
  expect([tools.dragging, button?.getAttribute('aria-pressed')]).toEqual(['window', 'true']);
});

test('the buttons zoom, invert and reset', () => {
  const { root, onCommand } = createTools(makeVolumePrediction());
  for (const name of ['Zoom in', 'Zoom out', 'Invert', 'Reset']) findButton(root, name)?.click();
  expect(onCommand.mock.calls.flat()).toEqual([
    { kind: 'zoom', factor: 1.25 },
    { kind: 'zoom', factor: 0.8 },
    { kind: 'invert' },
    { kind: 'reset' },
  ]);
});

test('a finding can be gone to, where there is one', () => {
  const prediction = makeVolumePrediction();
  expect(findButton(createTools(prediction).root, 'Go to finding')?.hidden).toBe(true);
  const finding = { label: 'glioma', probability: 0.9, planes: [], extent_mm: 10, centre_mm: null };
  prediction.findings = [{ ...finding, slices: [4, 6] }];
  const { root, onCommand } = createTools(prediction);
  findButton(root, 'Go to finding')?.click();
  expect(onCommand).toHaveBeenCalledWith({ kind: 'toFinding' });
});
