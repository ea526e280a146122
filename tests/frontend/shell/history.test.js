import { followHistory } from '../../../frontend/src/shell/history.js';
import { EMPTY_SESSION, reduceSession } from '../../../frontend/src/state/session.js';
import { createStore } from '../../../frontend/src/state/store.js';
import { makePrediction, makeStudy } from '../factories.mjs';

beforeEach(() => history.replaceState(null, '', '/'));

function open() {
  const done = { phase: /** @type {const} */ ('done'), prediction: makePrediction() };
  const studies = [makeStudy({ id: 1, ...done }), makeStudy({ id: 2, ...done })];
  const store = createStore(reduceSession, { ...EMPTY_SESSION, studies, selectedId: 1 });
  followHistory(store);
  return store;
}

async function goBack() {
  const went = new Promise((resolve) =>
    window.addEventListener('popstate', resolve, { once: true }),
  );
  history.back();
  await went;
}

test('Back leads from the report to its study, and to the study before', async () => {
  const store = open();
  expect(location.hash).toBe('#study-1');
  store.dispatch({ type: 'studySelected', id: 2 });
  store.dispatch({ type: 'viewOpened', view: 'report' });
  expect(location.hash).toBe('#study-2/report');
  await goBack();
  expect(store.getState()).toMatchObject({ selectedId: 2, view: 'study' });
  await goBack();
  expect(store.getState()).toMatchObject({ selectedId: 1, view: 'study' });
});

test('an address opens what it names, and one of nothing is set right', () => {
  history.replaceState(null, '', '/#study-2/report');
  expect(open().getState()).toMatchObject({ selectedId: 2, view: 'report' });
  history.replaceState(null, '', '/#model');
  expect(open().getState().view).toBe('model');
  history.replaceState(null, '', '/#study-7');
  expect(open().getState()).toMatchObject({ selectedId: 1, view: 'study' });
  expect(location.hash).toBe('#study-1');
});
