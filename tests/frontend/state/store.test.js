import { createStore } from '../../../frontend/src/state/store.js';

/** @param {number} sum @param {number} change */
const add = (sum, change) => (change === 0 ? sum : sum + change);

test('subscribers get the new state', () => {
  const store = createStore(add, 1);
  const listener = vi.fn();
  store.subscribe(listener);
  store.dispatch(2);
  expect(listener.mock.calls).toEqual([[3]]);
  expect(store.getState()).toBe(3);
});

test('subscribers are not called where nothing changed', () => {
  const store = createStore(add, 1);
  const listener = vi.fn();
  store.subscribe(listener);
  store.dispatch(0);
  expect(listener).not.toHaveBeenCalled();
});

test('a subscriber that acts leaves the others with the newest state', () => {
  const store = createStore(add, 0);
  const seen = vi.fn();
  store.subscribe((sum) => {
    if (sum === 1) store.dispatch(10);
  });
  store.subscribe(seen);
  store.dispatch(1);
  expect(seen).toHaveBeenLastCalledWith(11);
});
