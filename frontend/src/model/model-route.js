import { describeFailure } from '../answer/failure-message.js';
import { ServiceFailure } from '../api/failure.js';
import { inPageLanguage } from '../i18n/sentence.js';
import { translate } from '../i18n/translate.js';
import { readModelCard } from './model-card.js';

/** @typedef {import('../state/service.js').Service} Service */
/** @typedef {import('../api/client.js').ModelAnswer} ModelAnswer */

export const MODEL_HASH = '#model';

/**
 * Shows the card of the served model while the address of the page says so, and asks the service for it.
 * @param {ReturnType<typeof import('./model-view.js').createModelView>} view
 * @param {(signal: AbortSignal) => Promise<ModelAnswer>} fetchModel
 * @param {{ onClosed: () => void }} events
 * @param {AbortSignal} signal ends it
 */
export function watchModelRoute(view, fetchModel, { onClosed }, signal) {
  /** The version on the page, or being loaded; null for none. */
  /** @type {string | null} */
  let shownVersion = null;
  /** @type {string | null} */
  let servedVersion = null;

  function followAddress() {
    const isOpen = location.hash === MODEL_HASH;
    view.show(isOpen);
    if (isOpen) load();
    return isOpen;
  }

  async function load() {
    if (servedVersion === null && shownVersion === null)
      view.showMessage([inPageLanguage(translate('model.notReady'))]);
    if (servedVersion === null || servedVersion === shownVersion) return;
    const version = servedVersion;
    shownVersion = version;
    view.showMessage([inPageLanguage(translate('model.loading'))]);
    try {
      const card = readModelCard(await fetchModel(signal));
      if (shownVersion === version) view.showCard(card);
    } catch (error) {
      if (signal.aborted || shownVersion !== version) return;
      shownVersion = null;
      view.showMessage(describeError(error));
    }
  }

  window.addEventListener(
    'hashchange',
    () => {
      if (followAddress()) view.focus();
      else onClosed();
    },
    { signal },
  );
  followAddress();

  return {
    /** @param {Service} service */
    update({ modelVersion }) {
      if (modelVersion === servedVersion) return;
      servedVersion = modelVersion;
      if (location.hash === MODEL_HASH) load();
    },
    close() {
      if (location.hash === MODEL_HASH) location.hash = '';
    },
    toggle() {
      location.hash = location.hash === MODEL_HASH ? '' : MODEL_HASH;
    },
  };
}

/** @param {unknown} error */
function describeError(error) {
  const failure =
    error instanceof ServiceFailure ? error : new ServiceFailure({ code: 'unreadable_answer' });
  const { happened, advice } = describeFailure(failure);
  return [inPageLanguage(`${happened}.`), advice];
}
