import { gzipSync } from 'node:zlib';
import { ServiceFailure } from '../../../frontend/src/api/failure.js';
import { createVolumes } from '../../../frontend/src/state/volumes.js';
import { makeFile, makePrediction, makeStudy } from '../factories.mjs';
import { makeVolumeFile } from '../reading/pixels/nifti.mjs';

const PACKED = gzipSync(
  new Uint8Array(makeVolumeFile({ shape: [1, 1, 2], sliceAxis: 2, stored: new Int16Array(2) })),
);

/** @param {number} id */
function makeKept(id) {
  return { ...makeStudy(), id, files: [makeFile('scan.nii')] };
}

/** @param {ReturnType<typeof createVolumes>} volumes */
async function settle(volumes, id = 1) {
  await vi.waitFor(() => expect(volumes.get(makeKept(id))?.state).not.toBe('loading'));
  return volumes.get(makeKept(id));
}

test('voxels are asked for once, and kept', async () => {
  const fetchVolume = vi.fn(async () => new Uint8Array(PACKED).buffer);
  const volumes = createVolumes(fetchVolume);
  const onChange = vi.fn();
  volumes.subscribe(onChange);
  expect(volumes.get(makeKept(1))).toBeNull();
  volumes.request(makeKept(1), false);
  volumes.request(makeKept(1), false);
  expect(volumes.get(makeKept(1))?.state).toBe('loading');
  expect(await settle(volumes)).toMatchObject({ state: 'here', voxels: { sliceCount: 2 } });
  volumes.request(makeKept(1), false);
  expect(fetchVolume).toHaveBeenCalledOnce();
  expect(onChange).toHaveBeenCalledTimes(2);
});

test('after a failure they are asked for again on request only', async () => {
  const failure = new ServiceFailure({ code: 'overloaded' });
  const fetchVolume = vi.fn(async () => new Uint8Array(PACKED).buffer);
  fetchVolume.mockRejectedValueOnce(failure);
  const volumes = createVolumes(fetchVolume);
  volumes.request(makeKept(1), false);
  expect(await settle(volumes)).toEqual({ state: 'failed', failure });
  volumes.request(makeKept(1), false);
  expect(fetchVolume).toHaveBeenCalledOnce();
  volumes.request(makeKept(1), true);
  expect(await settle(volumes)).toMatchObject({ state: 'here' });
});

test('an answer that is no volume is a failure', async () => {
  const volumes = createVolumes(async () => new ArrayBuffer(8));
  volumes.request(makeKept(1), false);
  expect(await settle(volumes)).toMatchObject({ failure: { code: 'unreadable_answer' } });
});

test('of seven studies the oldest volume is dropped', async () => {
  const volumes = createVolumes(async () => new Uint8Array(PACKED).buffer);
  const ids = [1, 2, 3, 4, 5, 6, 7];
  for (const id of ids) {
    volumes.request(makeKept(id), false);
    await settle(volumes, id);
  }
  expect(ids.map((id) => volumes.get(makeKept(id))?.state)).toEqual([
    undefined,
    ...Array(6).fill('here'),
  ]);
});

test('voxels are fetched again for the answer of another model', async () => {
  const volumes = createVolumes(async () => new Uint8Array(PACKED).buffer);
  const study = { ...makeKept(1), prediction: makePrediction() };
  volumes.request(study, false);
  await vi.waitFor(() => expect(volumes.get(study)?.state).toBe('here'));
  const { prediction } = study;
  const model = { ...prediction.model, sha256: 'another' };
  expect(volumes.get({ ...study, prediction: { ...prediction, model } })).toBeNull();
});

test('the voxels of a removed study are dropped, and requests for them aborted', async () => {
  /** @type {AbortSignal[]} */
  const signals = [];
  const fetchVolume = vi.fn(async (/** @type {AbortSignal} */ signal) => {
    signals.push(signal);
    if (signals.length === 1) return new Uint8Array(PACKED).buffer;
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  });
  const volumes = createVolumes(fetchVolume);
  volumes.request(makeKept(1), false);
  await settle(volumes, 1);
  volumes.request(makeKept(2), false);
  volumes.keepOnly([makeKept(1)]);
  expect(signals[1]?.aborted).toBe(true);
  expect(volumes.get(makeKept(2))).toBeNull();
  expect(volumes.get(makeKept(1))?.state).toBe('here');
  volumes.keepOnly([]);
  expect(volumes.get(makeKept(1))).toBeNull();
});
