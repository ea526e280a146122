import { describeFailure } from '../answer/failure-message.js';
import { ServiceFailure } from '../api/failure.js';
import { inPageLanguage } from '../i18n/sentence.js';
import { translate } from '../i18n/translate.js';
import { readModelCard } from './model-card.js';

/** @typedef {import('../state/session.js').Session} Session */
/** @typedef {import('../api/client.js').ModelAnswer} ModelAnswer */

export const MODEL_HASH = '#model';

/**
 * Shows the card of the served model while the session's view is the model, and asks the service for it.
 * @param {ReturnType<typeof import('./model-view.js').createModelView>} view
 * @param {(signal: AbortSignal) => Promise<ModelAnswer>} fetchModel
 * @param {{ onClosed: () => void }} events
 * @param {AbortSignal} signal ends it
 */
export function createModelRoute(view, fetchModel, { onClosed }, signal) {
  /** The version on the page, or being loaded; null for none. */
  /** @type {string | null} */
  let shownVersion = null;
  /** @type {string | null} */
  let servedVersion = null;
  /** @type {boolean | null} */
  let isOpen = null;

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

  return {
    /** @param {Pick<Session, 'service' | 'view'>} session */
    update({ service, view: wanted }) {
      const wasOpen = isOpen;
      const wasServed = servedVersion;
      isOpen = wanted === 'model';
      servedVersion = service.modelVersion;
      if (isOpen !== wasOpen) view.show(isOpen);
      if (isOpen && (!wasOpen || servedVersion !== wasServed)) load();
      // A page that is built anew, in another language, keeps the focus where it is.
      if (wasOpen === null || isOpen === wasOpen) return;
      if (isOpen) view.focus();
      else onClosed();
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
