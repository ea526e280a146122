/**
 * One state, changed by actions only; subscribers are called after each change.
 * @template State, Action
 * @param {(state: State, action: Action) => State} reduce
 * @param {State} initialState
 */
export function createStore(reduce, initialState) {
  let state = initialState;
  /** @type {Set<(state: State) => void>} */
  const listeners = new Set();

  return {
    getState: () => state,

    /** @param {Action} action */
    dispatch(action) {
      const next = reduce(state, action);
      if (next === state) return;
      state = next;
      for (const listener of listeners) listener(state);
    },

    /**
     * @param {(state: State) => void} listener
     * @returns {() => void} ends it
     */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
