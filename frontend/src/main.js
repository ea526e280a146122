import './shell/page.css';
import { fetchExample, fetchHealth, fetchModel, fetchVolume, predict } from './api/client.js';
import { watchHealth } from './api/health-watch.js';
import { startPreview, startThumbnails } from './reading/preview/start-preview.js';
import { createAnnouncer } from './shell/announcer.js';
import { followHistory } from './shell/history.js';
import { applyLanguage, keepLanguage, readLanguage } from './shell/language.js';
import { buildPage } from './shell/page.js';
import { applyTheme, readTheme } from './shell/theme.js';
import { createAnalysisQueue } from './state/analysis-queue.js';
import { keepSession } from './state/kept-session.js';
import { createPreviews } from './state/previews.js';
import { getPauseMs } from './state/service.js';
import { EMPTY_SESSION, reduceSession } from './state/session.js';
import { createStore } from './state/store.js';
import { createVolumes } from './state/volumes.js';

/** @param {string} id */
function findPlace(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

const store = createStore(reduceSession, EMPTY_SESSION);
keepSession(store);
followHistory(store);
const queue = createAnalysisQueue(
  store,
  { predict, fetchExample },
  {
    onServiceAway: () => {
      store.dispatch({ type: 'serviceObserved', health: null });
      healthWatch.checkNow();
    },
    onOtherModel: () => healthWatch.checkNow(),
  },
);
const wiring = {
  places: { header: findPlace('top-bar'), middle: findPlace('middle') },
  store,
  queue,
  fetchModel,
  volumes: createVolumes(fetchVolume),
  previews: createPreviews(startPreview),
  readThumbnails: startThumbnails,
  displays: new Map(),
  typed: new Map(),
  onLanguageChosen: changeLanguage,
  onCleared: clearSession,
};

applyTheme(readTheme());
applyLanguage(readLanguage());
let page = buildPage(wiring);

function rebuildPage() {
  page.remove();
  page = buildPage(wiring);
}

/** @param {import('./i18n/translate.js').Language} language */
function changeLanguage(language) {
  applyLanguage(language);
  keepLanguage(language);
  rebuildPage();
  page.focusLanguage();
}

/** The views are rebuilt, so that nothing of a study stays in them. */
function clearSession() {
  for (const { id } of store.getState().studies) queue.cancel(id);
  store.dispatch({ type: 'sessionCleared' });
  wiring.displays.clear();
  wiring.typed.clear();
  announcer.clear();
  rebuildPage();
  page.focusStart();
}

const announcer = createAnnouncer(findPlace('announcements'));
store.subscribe(({ studies, service, wording }) => announcer.update(studies, service, wording));
const healthWatch = watchHealth({
  fetchHealth,
  onHealth: (health) => store.dispatch({ type: 'serviceObserved', health }),
  getPauseMs: () => getPauseMs(store.getState().service),
});
