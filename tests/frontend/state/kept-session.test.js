import { keepSession } from '../../../frontend/src/state/kept-session.js';
import { EMPTY_SESSION, reduceSession } from '../../../frontend/src/state/session.js';
import { createStore } from '../../../frontend/src/state/store.js';
import { makeFile, makePrediction, makeView } from '../factories.mjs';

/** @type {(event: Event) => void} of the page that was opened last */
let askToLeave = () => {};

beforeEach(() => {
  sessionStorage.clear();
  vi.spyOn(window, 'addEventListener').mockImplementation((_, listener) => {
    askToLeave = /** @type {(event: Event) => void} */ (listener);
  });
});

function open() {
  const store = createStore(reduceSession, EMPTY_SESSION);
  keepSession(store);
  return store;
}

/** @param {ReturnType<typeof open>} store */
function analyse(store) {
  const { input, ...rest } = makePrediction();
  const prediction = {
    ...rest,
    input: { ...input, view: makeView({ picture_png: 'PIXELS' }) },
    explanation: {
      ...{ method: 'hirescam', label: 'glioma', slice_index: 0, width: 8, height: 8 },
      ...{ heatmap_png: 'HEAT', by_kind: {}, further: [] },
    },
  };
  const sources = ['a.png', 'b.png'].map((name) => ({
    name,
    files: [makeFile(name)],
    exampleUrl: null,
  }));
  store.dispatch({ type: 'studiesAdded', sources, leftOut: 0 });
  store.dispatch({ type: 'studyStarted', id: 1 });
  store.dispatch({
    type: 'predictionReceived',
    ...{ id: 1, prediction, requestId: 'r-1', answeredAt: 5 },
  });
}

function leave() {
  const event = new Event('beforeunload', { cancelable: true });
  askToLeave(event);
  return event.defaultPrevented;
}

test('a reload keeps the results of the session, and no pixels', () => {
  const store = open();
  analyse(store);
  store.dispatch({ type: 'wordingChosen', wording: 'patient' });
  expect(JSON.stringify({ ...sessionStorage })).not.toMatch(/PIXELS|HEAT/);
  const { studies, selectedId, wording, nextId } = open().getState();
  expect(studies.map(({ name, phase }) => [name, phase])).toEqual([
    ['a.png', 'done'],
    ['b.png', 'cancelled'],
  ]);
  expect(studies[0]?.prediction).toMatchObject({ label: 'glioma', explanation: null });
  expect([selectedId, wording, nextId]).toEqual([1, 'patient', 3]);
});

test('thirty volumes of 512 slices fit into what a browser keeps for a tab', () => {
  const store = open();
  // Figures as long as the service writes them.
  const share = 0.12345678901234568;
  const prediction = makePrediction({
    slices: Array.from({ length: 512 }, (_, index) => ({
      index,
      tumor_probability: share,
      probabilities: { glioma: share, meningioma: share, no_tumor: share, pituitary: share },
    })),
  });
  const sources = Array.from({ length: 30 }, (_, at) => ({
    name: `volume-${at}.nii.gz`,
    files: [makeFile('volume.nii.gz')],
    exampleUrl: null,
  }));
  store.dispatch({ type: 'studiesAdded', sources, leftOut: 0 });
  for (const { id } of store.getState().studies) {
    store.dispatch({ type: 'studyStarted', id });
    store.dispatch({ type: 'predictionReceived', id, prediction, requestId: '', answeredAt: 5 });
  }
  expect(leave()).toBe(false);
  expect(
    open()
      .getState()
      .studies.filter(({ phase }) => phase === 'done'),
  ).toHaveLength(30);
});

test('a study whose file is gone cannot be sent again', () => {
  analyse(open());
  const store = open();
  store.dispatch({ type: 'studyRetried', id: 1 });
  expect(store.getState().studies[0]?.phase).toBe('done');
});

test('leaving is warned of while a study is under way, and after a cleared session not', () => {
  const store = open();
  expect(leave()).toBe(false);
  analyse(store);
  expect(leave()).toBe(true);
  store.dispatch({ type: 'sessionCleared' });
  expect(leave()).toBe(false);
  expect(open().getState().studies).toEqual([]);
});

test('leaving is warned of where the browser keeps nothing', () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  const store = open();
  analyse(store);
  store.dispatch({ type: 'studyCancelled', id: 2 });
  expect(leave()).toBe(true);
});
