import { isOfEarlierModel } from '../model/model-change.js';
import { createModelChangeView } from '../model/model-change-view.js';
import { createRemovalView } from '../shell/removal.js';
import { findSelected, isReporting } from '../state/session.js';
import { createExportView } from './export-view.js';
import { createReportView } from './report-view.js';

/** @typedef {import('../shell/page.js').PageWiring} PageWiring */
/** @typedef {import('../state/session.js').Session} Session */

/**
 * What can be done with results: export, removal, analysis again with another model.
 * @param {{ middle: HTMLElement, studies: HTMLElement, result: HTMLElement }} places
 * @param {Pick<PageWiring, 'store' | 'queue' | 'typed' | 'onCleared'> & { onStudyGone: () => void }} wiring
 */
export function attachResultActions({ middle, studies, result }, wiring) {
  const { store, queue, typed, onCleared, onStudyGone } = wiring;
  const modelChange = createModelChangeView(studies, { onAgain: analyseEarlierAgain });
  const exportView = createExportView(result, {
    onReport: () => store.dispatch({ type: 'viewOpened', view: 'report' }),
    getStudies: () => store.getState().studies,
  });
  const removal = createRemovalView(result, { onRemove: removeSelected, onClear: onCleared });
  const report = createReportView(middle, typed, {
    onClose: closeReport,
  });

  function closeReport() {
    store.dispatch({ type: 'viewOpened', view: 'study' });
    exportView.focusReport();
  }

  function analyseEarlierAgain() {
    const { studies: all, service } = store.getState();
    for (const study of all) {
      if (isOfEarlierModel(study, service)) store.dispatch({ type: 'studyRetried', id: study.id });
    }
  }

  function removeSelected() {
    const { selectedId } = store.getState();
    if (selectedId === null) return;
    queue.cancel(selectedId);
    store.dispatch({ type: 'studyRemoved', id: selectedId });
    onStudyGone();
  }

  return {
    closeReport,
    /** @param {Session} session */
    update(session) {
      const selected = findSelected(session);
      // What is typed on it stays while the model's card lies over it.
      if (session.view === 'model') return;
      report.update(isReporting(session) ? selected : null, session.service, session.wording);
      if (selected === null) return;
      modelChange.update(session.studies, session.service);
      exportView.update(selected, session.wording);
      removal.update(session.studies.length);
    },
  };
}
