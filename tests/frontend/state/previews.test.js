import { makeVoxels } from '../../../frontend/src/reading/pixels/voxels.js';
import { createPreviews } from '../../../frontend/src/state/previews.js';
import { makePrediction, makeStudy } from '../factories.mjs';

const VOXELS = makeVoxels({
  stored: new Int16Array(2),
  shape: [1, 1, 2],
  sliceAxis: 2,
  slope: 1,
  intercept: 0,
  affine: [],
});

test('the selected study is read once, and another takes its place', async () => {
  /** @type {AbortSignal[]} */
  const signals = [];
  const previews = createPreviews(async (signal) => {
    signals.push(signal);
    return VOXELS;
  });
  const onRead = vi.fn();
  previews.subscribe(onRead);
  const [one, other] = [makeStudy({ id: 1 }), makeStudy({ id: 2 })];
  previews.follow(one);
  previews.follow(one);
  await vi.waitFor(() => expect(onRead).toHaveBeenCalledOnce());
  expect(previews.get(one)?.voxels).toBe(VOXELS);
  expect(previews.get(other)).toBeNull();
  previews.follow(other);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  expect(previews.get(one)).toBeNull();
});

test('after the answer the preview stays until the voxels of the service are here', async () => {
  const read = vi.fn(async () => VOXELS);
  const previews = createPreviews(read);
  const study = makeStudy();
  previews.follow(study);
  await vi.waitFor(() => expect(previews.get(study)).not.toBeNull());
  const answered = makeStudy({ phase: 'done', prediction: makePrediction() });
  previews.follow(answered, false);
  expect(previews.get(answered)?.voxels).toBe(VOXELS);
  previews.follow(answered, true);
  expect(previews.get(answered)).toBeNull();
  previews.follow(makeStudy({ id: 3, files: null }));
  expect(read).toHaveBeenCalledOnce();
});

test('an answer ends a preview that is not read yet', async () => {
  /** @type {AbortSignal[]} */
  const signals = [];
  const previews = createPreviews((signal) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  previews.follow(makeStudy());
  previews.follow(makeStudy({ phase: 'done', prediction: makePrediction() }));
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
});

test('a file that the browser cannot read has no preview', async () => {
  const previews = createPreviews(async () => null);
  const study = makeStudy();
  previews.follow(study);
  await Promise.resolve();
  expect(previews.get(study)).toBeNull();
});
