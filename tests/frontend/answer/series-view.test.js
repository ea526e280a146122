import { createSeriesView } from '../../../frontend/src/answer/series-view.js';
import { makePrediction, makeStudy } from '../factories.mjs';

function makeSeries() {
  const prediction = makePrediction();
  prediction.input.series = [
    {
      ...{ uid: '1.2', description: 'T1 mprage', sequence: 't1', plane: 'sagittal' },
      ...{ slice_count: 176, chosen: true, why_not: null },
    },
    {
      ...{ uid: '1.3', description: '', sequence: null, plane: null },
      ...{ slice_count: 1, chosen: false, why_not: 'localizer' },
    },
  ];
  return prediction;
}

function createView() {
  const root = document.createElement('div');
  const onSeries = vi.fn();
  const readThumbnails = vi.fn(async () => []);
  const view = createSeriesView(root, readThumbnails, { onSeries });
  return { root, onSeries, readThumbnails, view };
}

test('the series of a study are named, and the one that was read is marked', () => {
  const { root, view, onSeries } = createView();
  const prediction = makeSeries();
  view.update(makeStudy({ id: 7, prediction }), prediction);
  const buttons = [...root.querySelectorAll('button')];
  expect(buttons.map((button) => button.textContent)).toEqual([
    'T1 mprageread · sagittal · 176 slices · non-contrast T1',
    'unnamed series1 slice',
  ]);
  expect(buttons.map((button) => button.getAttribute('aria-pressed'))).toEqual(['true', 'false']);
  buttons[1]?.click();
  expect(onSeries).toHaveBeenCalledWith(7, '1.3');
});

test('a single series, and a study whose files are gone, offer no choice', () => {
  const { root, view, readThumbnails } = createView();
  const prediction = makeSeries();
  view.update(makeStudy({ files: null, prediction }), prediction);
  expect([...root.querySelectorAll('button')].every((button) => button.disabled)).toBe(true);
  view.update(makeStudy(), makePrediction());
  expect(root.querySelector('section')?.hidden).toBe(true);
  expect(readThumbnails).not.toHaveBeenCalled();
});

test('a picture of each series is read, and no longer for a study that is left', () => {
  const { root, view, readThumbnails } = createView();
  const prediction = makeSeries();
  const study = makeStudy({ prediction });
  view.update(study, prediction);
  expect(root.querySelectorAll('canvas')).toHaveLength(2);
  expect(readThumbnails).toHaveBeenCalledOnce();
  const [signal, files] = /** @type {[AbortSignal, File[]]} */ (
    /** @type {unknown} */ (readThumbnails.mock.calls[0])
  );
  expect(files).toBe(study.files);
  expect(signal.aborted).toBe(false);
  view.update(makeStudy(), null);
  expect(signal.aborted).toBe(true);
});

test('the pictures of a study are read once, whatever is seen in between', async () => {
  const { root, view, readThumbnails } = createView();
  const prediction = makeSeries();
  const study = makeStudy({ prediction });
  view.update(study, prediction);
  await Promise.resolve();
  const [first, second] = root.querySelectorAll('canvas');
  view.update(makeStudy(), null);
  // Another series was read, which the answer lists first.
  const other = { ...prediction, input: { ...prediction.input } };
  other.input.series = prediction.input.series.toReversed();
  view.update({ ...study, prediction: other }, other);
  expect([...root.querySelectorAll('canvas')]).toEqual([second, first]);
  expect(readThumbnails).toHaveBeenCalledOnce();
});
