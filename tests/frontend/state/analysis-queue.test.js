import { ServiceFailure } from '../../../frontend/src/api/failure.js';
import { createAnalysisQueue } from '../../../frontend/src/state/analysis-queue.js';
import { EMPTY_SESSION, reduceSession } from '../../../frontend/src/state/session.js';
import { createStore } from '../../../frontend/src/state/store.js';
import { makeFile, makeHealth, makePrediction } from '../factories.mjs';

/** A service that answers when the test says so. */
function startQueue() {
  const store = createStore(reduceSession, EMPTY_SESSION);
  /** @type {{ name: string, signal: AbortSignal,
   *           answer: { resolve: (value: any) => void, reject: (error: Error) => void } }[]} */
  const requests = [];
  const client = {
    /** @param {AbortSignal} signal @param {import('../../../frontend/src/api/client.js').Sent} sent */
    predict(signal, { files }) {
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        requests.push({
          name: files.map(({ name }) => name).join(' '),
          signal,
          answer: { resolve, reject },
        });
      });
    },
    fetchExample: vi.fn(async (_signal, _url, name) => makeFile(name)),
  };
  const onServiceAway = vi.fn(() => store.dispatch({ type: 'serviceObserved', health: null }));
  const onOtherModel = vi.fn();
  const events = { onServiceAway, onOtherModel };
  const queue = createAnalysisQueue(store, /** @type {any} */ (client), events);
  return { store, requests, client, queue, onServiceAway, onOtherModel };
}

/** @param {string[]} names */
function makeSources(...names) {
  return names.map((name) => ({ name, files: [makeFile(name)], exampleUrl: null }));
}

function makeAnswer() {
  return { prediction: makePrediction(), requestId: 'r-1' };
}

/** @param {ReturnType<typeof startQueue>['store']} store */
function readPhases(store) {
  return store.getState().studies.map(({ phase }) => phase);
}

const READY = /** @type {const} */ ({ type: 'serviceObserved', health: makeHealth('ready') });

test('studies wait until the service is ready', async () => {
  const { store, requests } = startQueue();
  store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png'), leftOut: 0 });
  expect(requests).toHaveLength(0);
  store.dispatch(READY);
  await vi.waitFor(() => expect(requests).toHaveLength(1));
});

test('studies are analysed one after another, in their order', async () => {
  const { store, requests } = startQueue();
  store.dispatch(READY);
  store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png', 'b.png'), leftOut: 0 });
  expect(requests.map(({ name }) => name)).toEqual(['a.png']);
  requests[0]?.answer.resolve(makeAnswer());
  await vi.waitFor(() => expect(requests.map(({ name }) => name)).toEqual(['a.png', 'b.png']));
  expect(readPhases(store)).toEqual(['done', 'uploading']);
});

test('cancelling aborts the request and lets the next study begin', async () => {
  const { store, requests, queue } = startQueue();
  store.dispatch(READY);
  store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png', 'b.png'), leftOut: 0 });
  queue.cancel(1);
  expect(requests[0]?.signal.aborted).toBe(true);
  await vi.waitFor(() => expect(requests).toHaveLength(2));
  expect(readPhases(store)).toEqual(['cancelled', 'uploading']);
});

test('cancelling a study that waits leaves the running one alone', () => {
  const { store, requests, queue } = startQueue();
  store.dispatch(READY);
  store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png', 'b.png'), leftOut: 0 });
  queue.cancel(2);
  expect(requests[0]?.signal.aborted).toBe(false);
  expect(readPhases(store)).toEqual(['uploading', 'cancelled']);
});

test('a picture that is refused does not hold up the others', async () => {
  const { store, requests } = startQueue();
  store.dispatch(READY);
  store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png', 'b.png'), leftOut: 0 });
  requests[0]?.answer.reject(new ServiceFailure({ code: 'corrupt_file', status: 422 }));
  await vi.waitFor(() => expect(readPhases(store)).toEqual(['failed', 'uploading']));
});

test('a study that is lost with the service waits, and is sent again when it is back', async () => {
  const { store, requests, onServiceAway } = startQueue();
  store.dispatch(READY);
  store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png', 'b.png'), leftOut: 0 });
  requests[0]?.answer.reject(new ServiceFailure({ code: 'unreachable' }));
  await vi.waitFor(() => expect(onServiceAway).toHaveBeenCalledOnce());
  expect(readPhases(store)).toEqual(['waiting', 'waiting']);
  store.dispatch(READY);
  await vi.waitFor(() => expect(readPhases(store)).toEqual(['uploading', 'waiting']));
});

test('a study that is lost with the service twice fails, so that it cannot go on for ever', async () => {
  const { store, requests } = startQueue();
  store.dispatch(READY);
  store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png', 'b.png'), leftOut: 0 });
  requests[0]?.answer.reject(new ServiceFailure({ code: 'unreachable' }));
  await vi.waitFor(() => expect(readPhases(store)).toEqual(['waiting', 'waiting']));
  store.dispatch(READY);
  await vi.waitFor(() => expect(requests).toHaveLength(2));
  requests[1]?.answer.reject(new ServiceFailure({ code: 'unreachable' }));
  await vi.waitFor(() => expect(readPhases(store)).toEqual(['failed', 'waiting']));
  store.dispatch(READY);
  await vi.waitFor(() => expect(readPhases(store)).toEqual(['failed', 'uploading']));
});

describe('a busy service', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test.each([
    ['overloaded', 503, 3, 3],
    ['rate_limited', 429, 0, 1],
    ['overloaded', 503, null, 5],
  ])(
    'that says %s is asked again by itself after the time it names (%s, %s s)',
    async (code, status, retryAfterS, seconds) => {
      const { store, requests } = startQueue();
      store.dispatch(READY);
      store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png', 'b.png'), leftOut: 0 });
      requests[0]?.answer.reject(new ServiceFailure({ code, status, retryAfterS }));
      await vi.advanceTimersByTimeAsync(0);
      expect(readPhases(store)).toEqual(['waiting', 'waiting']);
      for (let left = seconds; left > 0; left -= 1) {
        expect(store.getState().service.retryInS).toBe(left);
        expect(requests).toHaveLength(1);
        await vi.advanceTimersByTimeAsync(1000);
      }
      expect(store.getState().service.retryInS).toBeNull();
      expect(requests.map(({ name }) => name)).toEqual(['a.png', 'a.png']);
      requests[1]?.answer.resolve(makeAnswer());
      await vi.advanceTimersByTimeAsync(0);
      expect(readPhases(store)).toEqual(['done', 'uploading']);
    },
  );

  test('that says in one place that it is ready and in another that it is not is not asked at once', async () => {
    const { store, requests, onServiceAway } = startQueue();
    store.dispatch(READY);
    store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png'), leftOut: 0 });
    requests[0]?.answer.reject(
      new ServiceFailure({ code: 'not_ready', status: 503, retryAfterS: 2 }),
    );
    await vi.advanceTimersByTimeAsync(0);
    expect(onServiceAway).toHaveBeenCalledOnce();
    store.dispatch(READY);
    await vi.advanceTimersByTimeAsync(1900);
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(requests).toHaveLength(2);
  });

  test('does not keep a study that is cancelled meanwhile', async () => {
    const { store, requests, queue } = startQueue();
    store.dispatch(READY);
    store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png', 'b.png'), leftOut: 0 });
    requests[0]?.answer.reject(new ServiceFailure({ code: 'overloaded', retryAfterS: 2 }));
    await vi.advanceTimersByTimeAsync(1000);
    queue.cancel(1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(requests.map(({ name }) => name)).toEqual(['a.png', 'b.png']);
  });
});

test('a prediction is kept with its request and its time', async () => {
  const { store, requests } = startQueue();
  store.dispatch(READY);
  store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png'), leftOut: 0 });
  const before = Date.now();
  requests[0]?.answer.resolve(makeAnswer());
  await vi.waitFor(() => expect(readPhases(store)).toEqual(['done']));
  const [study] = store.getState().studies;
  expect(study?.requestId).toBe('r-1');
  expect(study?.answeredAt).toBeGreaterThanOrEqual(before);
});

test('a failed study is analysed again when it is retried', async () => {
  const { store, requests } = startQueue();
  store.dispatch(READY);
  store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png'), leftOut: 0 });
  requests[0]?.answer.reject(new ServiceFailure({ code: 'internal', status: 500 }));
  await vi.waitFor(() => expect(readPhases(store)).toEqual(['failed']));
  store.dispatch({ type: 'studyRetried', id: 1 });
  requests[1]?.answer.resolve(makeAnswer());
  await vi.waitFor(() => expect(readPhases(store)).toEqual(['done']));
});

test('an example is fetched once, then sent like any picture', async () => {
  const { store, requests, client } = startQueue();
  store.dispatch(READY);
  const sources = [{ name: 'a.png', files: null, exampleUrl: '/examples/a.png' }];
  store.dispatch({ type: 'studiesAdded', sources, leftOut: 0 });
  await vi.waitFor(() => expect(requests.map(({ name }) => name)).toEqual(['a.png']));
  requests[0]?.answer.reject(new ServiceFailure({ code: 'internal', status: 500 }));
  await vi.waitFor(() => expect(readPhases(store)).toEqual(['failed']));
  store.dispatch({ type: 'studyRetried', id: 1 });
  await vi.waitFor(() => expect(requests).toHaveLength(2));
  expect(client.fetchExample).toHaveBeenCalledOnce();
});

test('all files of a study are sent together', async () => {
  const { store, requests } = startQueue();
  store.dispatch(READY);
  const files = ['1.dcm', '2.dcm'].map(makeFile);
  const sources = [{ name: 'series', files, exampleUrl: null }];
  store.dispatch({ type: 'studiesAdded', sources, leftOut: 0 });
  expect(requests.map(({ name }) => name)).toEqual(['1.dcm 2.dcm']);
});

test('an answer of another model triggers a health check', async () => {
  const { store, requests, onOtherModel } = startQueue();
  store.dispatch(READY);
  store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png', 'b.png'), leftOut: 0 });
  requests[0]?.answer.resolve(makeAnswer());
  await vi.waitFor(() => expect(readPhases(store)).toEqual(['done', 'uploading']));
  expect(onOtherModel).not.toHaveBeenCalled();
  const { model } = makePrediction();
  const prediction = makePrediction({ model: { ...model, sha256: 'ff' } });
  requests[1]?.answer.resolve({ prediction, requestId: 'r-2' });
  await vi.waitFor(() => expect(onOtherModel).toHaveBeenCalledOnce());
});
