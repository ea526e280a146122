import { createDecisionView } from '../answer/decision-view.js';
import { createAnswerView } from '../answer/details-view.js';
import { createPredictiveValueView } from '../answer/predictive-value-view.js';
import { createProbabilityBars } from '../answer/probability-bars.js';
import { createSeriesView } from '../answer/series-view.js';
import { createEmptyState } from '../intake/empty-state.js';
import { createFileIntake } from '../intake/file-intake.js';
import { groupStudies } from '../intake/group-studies.js';
import { findKinds } from '../intake/take-files.js';
import { createMeasured } from '../model/measured.js';
import { createModelRoute } from '../model/model-route.js';
import { createModelView } from '../model/model-view.js';
import { createViewers } from '../reading/viewers.js';
import { attachResultActions } from '../report/result-actions.js';
import { findSelected, isReporting } from '../state/session.js';
import { createElement } from './element.js';
import { attachCommands } from './page-commands.js';
import { createStudyList } from './study-list.js';
import { applyTheme, readTheme } from './theme.js';
import { createTopBar } from './top-bar.js';
import { createUndoView } from './undo.js';

/** @typedef {import('../i18n/translate.js').Language} Language */
/** @typedef {import('../state/session.js').Action} Action */
/** @typedef {import('../state/session.js').Session} Session */
/** @typedef {import('../state/session.js').StudySource} StudySource */

/**
 * What the page is built from, and what survives a rebuild.
 * @typedef {object} PageWiring
 * @property {{ header: HTMLElement, middle: HTMLElement }} places
 * @property {{ getState: () => Session, dispatch: (action: Action) => void,
 *   subscribe: (listener: (session: Session) => void) => () => void }} store
 * @property {{ cancel: (id: number) => void }} queue
 * @property {(signal: AbortSignal) => Promise<import('../api/client.js').ModelAnswer>} fetchModel
 * @property {ReturnType<typeof import('../state/volumes.js').createVolumes>} volumes
 * @property {ReturnType<typeof import('../state/previews.js').createPreviews>} previews
 * @property {(signal: AbortSignal, files: File[]) =>
 *   Promise<import('../reading/preview/read-thumbnails.js').Thumbnail[]>} readThumbnails
 * @property {import('../reading/viewer/display.js').Displays} displays
 * @property {import('../report/report-fields.js').Typed} typed on an open report
 * @property {(language: Language) => void} onLanguageChosen
 * @property {() => void} onCleared the whole session is to be cleared
 */

/**
 * All views in the current language, around a session that survives them.
 * @param {PageWiring} wiring
 */
export function buildPage({
  places: { header, middle },
  store,
  queue,
  fetchModel,
  volumes,
  previews,
  readThumbnails,
  displays,
  typed,
  onLanguageChosen,
  onCleared,
}) {
  const removal = new AbortController();

  const topBar = createTopBar(header, {
    onLanguageChosen,
    onThemeChosen: (theme) => {
      applyTheme(theme);
      topBar.showTheme(theme);
    },
    onKeys: () => keySheet.open(),
    onSkip: () => (findSelected(store.getState()) === null ? emptyState : viewers).focus(),
  });
  const intake = createFileIntake(
    middle,
    {
      onFiles: async (files) => {
        const { sources, leftOut } = groupStudies(await findKinds(files));
        addStudies(sources, leftOut);
      },
    },
    removal.signal,
  );
  const emptyState = createEmptyState(middle, {
    onChoose: intake.choose,
    onChooseFolder: intake.chooseFolder,
    onExample: ({ name, url }) => addStudies([{ name, files: null, exampleUrl: url }], 0),
  });
  const result = createElement('div', { className: 'result' });
  const studies = createElement('div', { className: 'studies' });
  const studyList = createStudyList(studies, {
    onSelect: (id) => store.dispatch({ type: 'studySelected', id }),
    onListed: (listing) => store.dispatch({ type: 'studiesListed', listing }),
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
  const seriesView = createSeriesView(result, readThumbnails, {
    onSeries: (id, uid) => store.dispatch({ type: 'seriesChosen', id, uid }),
  });
  const bars = createProbabilityBars(result);
  const predictiveValue = createPredictiveValueView(result);
  const answer = createAnswerView(result);
  const viewers = createViewers(studies, { store, volumes, previews, displays });
  const measured = createMeasured(fetchModel, removal.signal, () => render(store.getState()));
  const modelView = createModelView(middle, { onClose: () => openView('study') });
  const modelRoute = createModelRoute(
    modelView,
    fetchModel,
    { onClosed: topBar.focusModel },
    removal.signal,
  );
  const keySheet = attachCommands(
    middle,
    {
      ...{ store, queue, intake, studyList, topBar, viewers, onLanguageChosen },
      onClose: () =>
        isReporting(store.getState()) ? resultActions.closeReport() : openView('study'),
    },
    removal.signal,
  );
  const resultActions = attachResultActions(
    { middle, studies, result },
    { store, queue, typed, onCleared, onStudyGone: focusSelected },
  );

  const undo = createUndoView(middle, {
    onUndo: () => {
      store.dispatch({ type: 'removalUndone' });
      focusSelected();
    },
    onSettled: () => {
      store.dispatch({ type: 'removalSettled' });
      focusSelected();
    },
  });

  /**
   * @param {StudySource[]} sources
   * @param {number} leftOut
   */
  function addStudies(sources, leftOut) {
    store.dispatch({ type: 'studiesAdded', sources, leftOut });
    focusSelected();
  }

  /** @param {import('../state/session.js').View} view */
  function openView(view) {
    store.dispatch({ type: 'viewOpened', view });
  }

  function focusSelected() {
    const { selectedId } = store.getState();
    if (selectedId === null) emptyState.focus();
    else studyList.focus(selectedId);
  }

  /** @param {Session} session */
  function render(session) {
    const selected = findSelected(session);
    topBar.showService(session.service);
    modelRoute.update(session);
    emptyState.show(selected === null, selected === null ? session.leftOut : 0);
    const prediction = selected?.phase === 'done' ? selected.prediction : null;
    studies.hidden = selected === null || isReporting(session);
    resultActions.update(session);
    undo.update(session);
    viewers.keepOnly(session);
    // Figures and technical terms are for staff.
    const forStaff = session.wording === 'staff' ? prediction : null;
    studyList.update(session);
    if (selected === null) {
      previews.follow(null);
      return;
    }
    decision.update(selected, session.service, session.wording);
    bars.update(forStaff);
    predictiveValue.update(forStaff, forStaff && measured.get(forStaff));
    seriesView.update(selected, forStaff);
    answer.update(forStaff);
    viewers.update(session, selected, forStaff);
  }

  topBar.showTheme(readTheme());
  const unsubscribe = store.subscribe(render);
  const unsubscribeVolumes = volumes.subscribe(() => render(store.getState()));
  const unsubscribePreviews = previews.subscribe(() => render(store.getState()));
  render(store.getState());

  return {
    focusLanguage: topBar.focusLanguage,
    focusStart: emptyState.focus,
    remove() {
      removal.abort();
      unsubscribe();
      unsubscribeVolumes();
      unsubscribePreviews();
      viewers.close();
      header.replaceChildren();
      middle.replaceChildren();
    },
  };
}
