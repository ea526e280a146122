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
    /** @param {AbortSignal} signal @param {File[]} files */
    predict(signal, files) {
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
  const queue = createAnalysisQueue(store, /** @type {any} */ (client), onServiceAway);
  return { store, requests, client, queue, onServiceAway };
}

/** @param {string[]} names */
function makeSources(...names) {
  return names.map((name) => ({ name, files: [makeFile(name)], exampleUrl: null }));
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
  requests[0]?.answer.resolve(makePrediction());
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

test.each(['unreachable', 'not_ready'])(
  'when the service is lost (%s) the other studies wait instead of failing',
  async (code) => {
    const { store, requests, onServiceAway } = startQueue();
    store.dispatch(READY);
    store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png', 'b.png'), leftOut: 0 });
    requests[0]?.answer.reject(new ServiceFailure({ code }));
    await vi.waitFor(() => expect(onServiceAway).toHaveBeenCalledOnce());
    expect(readPhases(store)).toEqual(['failed', 'waiting']);
    store.dispatch(READY);
    await vi.waitFor(() => expect(readPhases(store)).toEqual(['failed', 'uploading']));
  },
);

test('a failed study is analysed again when it is retried', async () => {
  const { store, requests } = startQueue();
  store.dispatch(READY);
  store.dispatch({ type: 'studiesAdded', sources: makeSources('a.png'), leftOut: 0 });
  requests[0]?.answer.reject(new ServiceFailure({ code: 'overloaded', status: 503 }));
  await vi.waitFor(() => expect(readPhases(store)).toEqual(['failed']));
  store.dispatch({ type: 'studyRetried', id: 1 });
  requests[1]?.answer.resolve(makePrediction());
  await vi.waitFor(() => expect(readPhases(store)).toEqual(['done']));
});

test('an example is fetched once, then sent like any picture', async () => {
  const { store, requests, client } = startQueue();
  store.dispatch(READY);
  const sources = [{ name: 'a.png', files: null, exampleUrl: '/examples/a.png' }];
  store.dispatch({ type: 'studiesAdded', sources, leftOut: 0 });
  await vi.waitFor(() => expect(requests.map(({ name }) => name)).toEqual(['a.png']));
  requests[0]?.answer.reject(new ServiceFailure({ code: 'overloaded', status: 503 }));
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
