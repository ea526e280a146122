import { getLanguage, LANGUAGES } from '../i18n/translate.js';
import { listStudies } from '../state/study-order.js';
import { listenToCommands } from './commands.js';
import { createKeySheet } from './key-sheet.js';
import { keepPreference, readPreference } from './preferences.js';

/** @typedef {import('../i18n/translate.js').Language} Language */
/** @typedef {import('./page.js').PageWiring} PageWiring */

const PREFERENCE = 'keys';

/**
 * Connects the keyboard commands of the whole page, and the sheet that lists them.
 * @param {HTMLElement} root of the sheet
 * @param {Pick<PageWiring, 'store' | 'queue' | 'onLanguageChosen'> & {
 *   intake: { choose: () => void },
 *   studyList: { focus: (id: number) => void },
 *   onClose: () => void,
 *   topBar: { toggleTheme: () => void },
 *   viewers: Pick<ReturnType<typeof import('../reading/viewers.js').createViewers>, 'execute' | 'closeLayer'>, }} parts
 * @param {AbortSignal} signal ends it
 */
export function attachCommands(root, parts, signal) {
  const { store, queue, intake, studyList, topBar, viewers, onClose, onLanguageChosen } = parts;
  let areOn = readPreference(PREFERENCE) !== 'off';
  const sheet = createKeySheet(root, {
    areOn,
    onSwitched: (on) => {
      areOn = on;
      keepPreference(PREFERENCE, on ? 'on' : 'off');
    },
  });

  /** @param {1 | -1} by */
  function selectNeighbour(by) {
    const { selectedId } = store.getState();
    const studies = listStudies(store.getState());
    const place = studies.findIndex(({ id }) => id === selectedId);
    const next = place === -1 ? undefined : studies[place + by];
    if (next === undefined) return;
    store.dispatch({ type: 'studySelected', id: next.id });
    studyList.focus(next.id);
  }

  listenToCommands(
    {
      nextStudy: () => selectNeighbour(1),
      previousStudy: () => selectNeighbour(-1),
      addFiles: intake.choose,
      cancel: () => {
        const { selectedId } = store.getState();
        if (selectedId !== null) queue.cancel(selectedId);
      },
      map: () => viewers.execute({ kind: 'toggleMap' }),
      nextFinding: () => viewers.execute({ kind: 'finding', by: 1 }),
      previousFinding: () => viewers.execute({ kind: 'finding', by: -1 }),
      wording: () => {
        const wording = store.getState().wording === 'staff' ? 'patient' : 'staff';
        store.dispatch({ type: 'wordingChosen', wording });
      },
      model: () => {
        const view = store.getState().view === 'model' ? 'study' : 'model';
        store.dispatch({ type: 'viewOpened', view });
      },
      language: () => onLanguageChosen(findOtherLanguage()),
      theme: topBar.toggleTheme,
      help: sheet.open,
      close: () => viewers.closeLayer() || onClose(),
    },
    () => areOn,
    signal,
  );
  return sheet;
}

/** @returns {Language} */
function findOtherLanguage() {
  return LANGUAGES.find((language) => language !== getLanguage()) ?? getLanguage();
}
