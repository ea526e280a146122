import { translate } from '../i18n/translate.js';
import { createButton, createElement, createSentence } from '../shell/element.js';
import { describeStudy } from './study-description.js';
import './decision-view.css';

/** @typedef {import('../state/session.js').Study} Study */
/** @typedef {import('../state/session.js').Wording} Wording */
/** @typedef {import('../state/service.js').Service} Service */

/**
 * The selected study in words: its step, its decision or its failure, and the actions.
 * @param {HTMLElement} root
 * @param {{ onCancel: (id: number) => void, onRestart: (id: number) => void,
 *   onWordingChosen: (wording: Wording) => void }} events
 */
export function createDecisionView(root, { onCancel, onRestart, onWordingChosen }) {
  let studyId = 0;
  /** @type {Wording} */
  let otherWording = 'patient';
  let shown = '';
  const headline = createElement('h2', { tabIndex: -1 });
  const sentences = createElement('div', { className: 'decision-sentences' });
  const trace = createElement('p', { className: 'trace' });
  const cancelButton = createButton(translate('decision.cancel'), () => onCancel(studyId));
  const restartButton = createElement('button', {
    type: 'button',
    className: 'main-action',
    onclick: () => onRestart(studyId),
  });
  const wordingButton = createElement('button', {
    type: 'button',
    onclick: () => onWordingChosen(otherWording),
  });
  const section = createElement('section', { className: 'decision' }, [
    headline,
    sentences,
    trace,
    createElement('div', { className: 'decision-actions' }, [
      cancelButton,
      restartButton,
      wordingButton,
    ]),
  ]);
  root.append(section);

  return {
    /**
     * @param {Study} study
     * @param {Service} service
     * @param {Wording} wording
     */
    update(study, service, wording) {
      const description = describeStudy(study, service, wording);
      // Unchanged elements stay, so that a selected request id stays selected.
      const next = JSON.stringify([study.id, description]);
      if (next === shown) return;
      shown = next;
      studyId = study.id;
      const focused = document.activeElement;
      headline.textContent = description.headline;
      sentences.replaceChildren(
        ...description.sentences.map((sentence) => createSentence('p', sentence)),
      );
      trace.textContent = description.trace;
      trace.hidden = description.trace === '';
      section.classList.toggle('failed', description.failed);
      cancelButton.hidden = !description.cancellable;
      restartButton.hidden = description.restart === null;
      restartButton.textContent = description.restart;
      otherWording = description.otherWording ?? otherWording;
      wordingButton.hidden = description.otherWording === null;
      wordingButton.textContent =
        otherWording === 'staff'
          ? translate('decision.forStaff')
          : translate('decision.forPatient');
      // Keeps the focus here when its button is gone.
      if (focused instanceof HTMLElement && focused.hidden && section.contains(focused)) {
        headline.focus();
      }
    },
  };
}
