import './page.css';
import { fetchExample, fetchHealth, predict } from './api/client.js';
import { watchHealth } from './api/health-watch.js';
import { groupStudies } from './intake/group-studies.js';
import { findKinds } from './intake/take-files.js';
import { applyLook, readLook } from './look.js';
import { createAnalysisQueue } from './state/analysis-queue.js';
import { getPauseMs } from './state/service.js';
import { EMPTY_SESSION, findSelected, reduceSession } from './state/session.js';
import { createStore } from './state/store.js';
import { createAnnouncer } from './views/announcer.js';
import { createAnswerView } from './views/answer.js';
import { createDecisionView } from './views/decision.js';
import { createElement } from './views/element.js';
import { createEmptyState } from './views/empty-state.js';
import { createFileIntake } from './views/file-intake.js';
import { createPredictiveValueView } from './views/predictive-value.js';
import { createProbabilityBars } from './views/probability-bars.js';
import { createSliceView } from './views/slice.js';
import { createSliceCurve } from './views/slice-curve.js';
import { createStudyList } from './views/study-list.js';
import { createTopBar } from './views/top-bar.js';

/** @typedef {import('./state/session.js').Session} Session */
/** @typedef {import('./state/session.js').StudySource} StudySource */

/** @param {string} id */
function findPlace(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

const store = createStore(reduceSession, EMPTY_SESSION);
const queue = createAnalysisQueue(store, { predict, fetchExample }, () => {
  store.dispatch({ type: 'serviceObserved', health: null });
  healthWatch.checkNow();
});

const middle = findPlace('middle');
const intake = createFileIntake(middle, {
  onFiles: async (files) => {
    const { sources, leftOut } = groupStudies(await findKinds(files));
    addStudies(sources, leftOut);
  },
});
const topBar = createTopBar(findPlace('top-bar'), {
  onLookChosen: (look) => {
    applyLook(look);
    topBar.showLook(look);
  },
});
const emptyState = createEmptyState(middle, {
  onChoose: intake.choose,
  onChooseFolder: intake.chooseFolder,
  onExample: ({ name, url }) => addStudies([{ name, files: null, exampleUrl: url }], 0),
});
const result = createElement('div', { className: 'result' });
const studies = createElement('div', { className: 'studies' });
const studyList = createStudyList(studies, {
  onSelect: (id) => store.dispatch({ type: 'studySelected', id }),
  onChoose: intake.choose,
  onChooseFolder: intake.chooseFolder,
});
studies.append(result);
middle.append(studies);
const decision = createDecisionView(result, {
  onCancel: queue.cancel,
  onRestart: (id) => store.dispatch({ type: 'studyRetried', id }),
  onWordingChosen: (wording) => store.dispatch({ type: 'wordingChosen', wording }),
});
const bars = createProbabilityBars(result);
const predictiveValue = createPredictiveValueView(result);
const answer = createAnswerView(result);
const slice = createSliceView(studies);
const curve = createSliceCurve(slice.figure);
const announcer = createAnnouncer(findPlace('announcements'));

/**
 * @param {StudySource[]} sources
 * @param {number} leftOut
 */
function addStudies(sources, leftOut) {
  store.dispatch({ type: 'studiesAdded', sources, leftOut });
  const { selectedId } = store.getState();
  if (selectedId !== null) studyList.focus(selectedId);
}

/** @param {Session} session */
function render(session) {
  const selected = findSelected(session);
  topBar.showService(session.service);
  emptyState.show(selected === null, selected === null ? session.leftOut : 0);
  studies.hidden = selected === null;
  if (selected === null) return;
  const prediction = selected.phase === 'done' ? selected.prediction : null;
  studyList.update(session.studies, session.selectedId, session.leftOut);
  decision.update(selected, session.service, session.wording);
  bars.update(prediction);
  predictiveValue.update(session.wording === 'staff' ? prediction : null);
  answer.update(prediction);
  slice.update(selected);
  curve.update(prediction);
  announcer.update(session.studies, session.service, session.wording);
}

const look = readLook();
applyLook(look);
topBar.showLook(look);
store.subscribe(render);
render(store.getState());
const healthWatch = watchHealth({
  fetchHealth,
  onHealth: (health) => store.dispatch({ type: 'serviceObserved', health }),
  getPauseMs: () => getPauseMs(store.getState().service),
});
