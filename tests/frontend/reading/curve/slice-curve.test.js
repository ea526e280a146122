import { createSliceCurve, tracePath } from '../../../../frontend/src/reading/curve/slice-curve.js';
import { makePrediction, makeVolumePrediction } from '../../factories.mjs';

function createCurve(onSlice = (/** @type {number} */ _index) => {}) {
  const root = document.createElement('div');
  return { root, curve: createSliceCurve(root, { onSlice }) };
}

test('a volume has a line a kind of tumour and one for any', () => {
  const { root, curve } = createCurve();
  curve.update(makeVolumePrediction());
  const entries = [...root.querySelectorAll('.curve-legend li')].map((entry) => entry.textContent);
  expect(entries).toEqual(['glioma', 'meningioma', 'pituitary tumour', 'any tumour']);
  expect(root.querySelectorAll('.curve-line')).toHaveLength(4);
});

test('the description names the slice with the highest tumour probability', () => {
  const { root, curve } = createCurve();
  curve.update(makeVolumePrediction());
  expect(root.querySelector('svg')?.getAttribute('aria-label')).toBe(
    '8 of 10 slices were analysed. The tumour probability is highest in slice 6: 97\u00a0%.',
  );
});

test('the slice that is shown is marked', () => {
  const { root, curve } = createCurve();
  curve.update(makeVolumePrediction());
  expect(root.querySelector('.curve-marker')?.getAttribute('d')).toBe('M5.5 0V100');
});

test('the slice on display has a mark of its own', () => {
  const { root, curve } = createCurve();
  curve.update(makeVolumePrediction());
  curve.mark(2);
  expect(root.querySelector('.curve-seen')?.getAttribute('d')).toBe('M2.5 0V100');
});

test('a click on the curve goes to the slice under it', () => {
  const onSlice = vi.fn();
  const { root, curve } = createCurve(onSlice);
  curve.update(makeVolumePrediction());
  const drawing = /** @type {SVGElement} */ (root.querySelector('svg'));
  drawing.getBoundingClientRect = () => new DOMRect(100, 0, 200, 50);
  for (const clientX of [100, 165, 300]) {
    drawing.dispatchEvent(new MouseEvent('click', { clientX }));
  }
  expect(onSlice.mock.calls).toEqual([[0], [3], [9]]);
});

test('a single slice has no curve', () => {
  const { root, curve } = createCurve();
  curve.update(makeVolumePrediction());
  curve.update(makePrediction());
  expect(root.querySelector('section')?.hidden).toBe(true);
});

test('slices that were not analysed are a gap, and one between two gaps is a dot', () => {
  const points = [0, 1, 3, 5, 6].map((index) => ({ index, probability: 0.5 }));
  expect(tracePath(points)).toBe('M0.5 50L1.5 50M3.5 50h0M5.5 50L6.5 50');
});

test('bands mark the slices that the answer rests on, and those that were not judged', () => {
  const { root, curve } = createCurve();
  const prediction = makeVolumePrediction();
  const region = { label: 'glioma', probability: 0.9, extent_mm: 12, centre_mm: null };
  prediction.findings = [{ ...region, slices: [3, 6], planes: ['axial'] }];
  curve.update(prediction);
  const bands = (/** @type {string} */ name) =>
    [...root.querySelectorAll(name)].map((one) => [
      one.getAttribute('x'),
      one.getAttribute('width'),
    ]);
  expect(bands('.curve-finding')).toEqual([['3', '4']]);
  expect(bands('.curve-unjudged')).toEqual([
    ['0', '1'],
    ['9', '1'],
  ]);
});
