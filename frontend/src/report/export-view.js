import { translate } from '../i18n/translate.js';
import { createButton, createElement } from '../shell/element.js';
import { nameFile } from './file-name.js';
import { saveFile } from './save-file.js';
import { writeSessionCsv } from './session-csv.js';
import { writeJson, writeSessionJson, writeSummary } from './summary-text.js';
import './export-view.css';

/** @typedef {import('../state/study.js').Study} Study */
/** @typedef {import('../state/session.js').Wording} Wording */

/**
 * Exports of the selected study and of the session; the browser alone makes them.
 * @param {HTMLElement} root
 * @param {{ onReport: () => void, getStudies: () => Study[] }} wiring
 */
export function createExportView(root, { onReport, getStudies }) {
  /** @type {Study | null} */
  let shown = null;
  const status = createElement('p', { className: 'export-status' });
  status.setAttribute('role', 'status');
  const report = createButton(translate('export.report'), onReport);
  const data = [
    createButton(translate('export.json'), () => {
      if (shown === null) return;
      saveFile(
        nameFile(shown.name, 'prediction.json'),
        writeJson(shown.prediction),
        'application/json',
      );
    }),
  ];
  // Browsers grant the clipboard to pages on a secure connection only.
  if (navigator.clipboard !== undefined) {
    data.push(
      createButton(translate('export.copyText'), () =>
        copy((study, prediction) => writeSummary(study, prediction)),
      ),
      createButton(translate('export.copy'), () => copy((_, prediction) => writeJson(prediction))),
    );
  }
  // Phones hand a text to the app of a person's choice; most desktops do not.
  if (navigator.share !== undefined) data.push(createButton(translate('export.share'), share));
  const session = [
    createButton(translate('export.csv'), () => {
      saveFile(nameSession('csv'), writeSessionCsv(getStudies()), 'text/csv;charset=utf-8');
    }),
    createButton(translate('export.sessionJson'), () => {
      saveFile(nameSession('json'), writeSessionJson(getStudies()), 'application/json');
    }),
  ];
  const section = createElement('section', { className: 'export', hidden: true }, [
    createElement('h3', { textContent: translate('export.title') }),
    createElement('div', { className: 'export-actions' }, [report, ...data, ...session]),
    status,
  ]);
  root.append(section);

  async function share() {
    if (shown === null || shown.prediction === null) return;
    // Rejected where the person changes their mind.
    await navigator.share({ text: writeSummary(shown, shown.prediction) }).catch(() => {});
  }

  /** @param {(study: Study, prediction: import('../api/client.js').PredictionAnswer) => string} write */
  async function copy(write) {
    if (shown === null || shown.prediction === null) return;
    try {
      await navigator.clipboard.writeText(write(shown, shown.prediction));
      status.textContent = translate('export.copied');
    } catch {
      status.textContent = translate('export.notCopied');
    }
  }

  return {
    /**
     * @param {Study} study
     * @param {Wording} wording patients get the report; the other exports are for staff
     */
    update(study, wording) {
      if (study.id !== shown?.id) status.textContent = '';
      shown = study;
      const isDone = study.phase === 'done';
      const forStaff = wording === 'staff';
      section.hidden = !isDone && !(forStaff && study.phase === 'failed');
      report.hidden = !isDone;
      for (const button of session) button.hidden = !forStaff;
      for (const button of data) button.hidden = !isDone || !forStaff;
    },

    /** Takes the focus back when the report is closed. */
    focusReport() {
      report.focus();
    },
  };
}

/** @param {string} ending */
function nameSession(ending) {
  return `tumorscope-${new Date().toISOString().slice(0, 10)}.${ending}`;
}
