/** @typedef {import('../state/session.js').Session} Session */

const MODEL = '#model';
const STUDY = /^#study-(\d+)(\/report)?$/;

/**
 * The address follows what the page shows, and the page follows the address: Back leads to what was seen before.
 * @param {{ getState: () => Session, dispatch: (action: import('../state/session.js').Action) => void,
 *   subscribe: (listener: (session: Session) => void) => () => void }} store
 */
export function followHistory(store) {
  function follow() {
    const { studies, selectedId } = store.getState();
    const [, number, report] = STUDY.exec(location.hash) ?? [];
    const id = Number(number);
    if (location.hash === MODEL) store.dispatch({ type: 'viewOpened', view: 'model' });
    else if (studies.some((study) => study.id === id)) {
      store.dispatch({ type: 'viewOpened', view: report === undefined ? 'study' : 'report', id });
    } else store.dispatch({ type: 'viewOpened', view: 'study', id: selectedId });
    write(store.getState());
  }

  window.addEventListener('popstate', follow);
  follow();
  store.subscribe(write);
}

/** @param {Session} session */
function write(session) {
  const address = nameView(session);
  if (address === location.hash) return;
  const url = address || location.pathname;
  // Without studies there is nothing to go back to.
  if (location.hash === '' || address === '') history.replaceState(null, '', url);
  else history.pushState(null, '', url);
}

/** @param {Session} session */
function nameView({ view, selectedId }) {
  if (view === 'model') return MODEL;
  if (selectedId === null) return '';
  return `#study-${selectedId}${view === 'report' ? '/report' : ''}`;
}
