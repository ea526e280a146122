import { describeFailure } from '../answer/failure-message.js';
import { ServiceFailure } from '../api/failure.js';
import { sayHere } from '../i18n/service-sentences.js';
import { translate } from '../i18n/translate.js';
import { readModelCard } from './model-card.js';

/** @typedef {import('../state/service.js').Service} Service */
/** @typedef {import('../api/client.js').ModelAnswer} ModelAnswer */

export const MODEL_PLACE = '#model';

/**
 * Shows the card of the served model while the address of the page says so, and asks the service for it.
 * @param {ReturnType<typeof import('./model-view.js').createModelView>} view
 * @param {(signal: AbortSignal) => Promise<ModelAnswer>} fetchModel
 * @param {{ onClosed: () => void }} events
 * @param {AbortSignal} signal ends it
 */
export function watchModelPlace(view, fetchModel, { onClosed }, signal) {
  /** The model that is told of, or asked for; null for none. */
  /** @type {string | null} */
  let toldVersion = null;
  /** @type {string | null} */
  let servedVersion = null;

  function followAddress() {
    const isOpen = location.hash === MODEL_PLACE;
    view.show(isOpen);
    if (isOpen) tell();
    return isOpen;
  }

  async function tell() {
    if (servedVersion === null && toldVersion === null)
      view.say([sayHere(translate('model.notReady'))]);
    if (servedVersion === null || servedVersion === toldVersion) return;
    const version = servedVersion;
    toldVersion = version;
    view.say([sayHere(translate('model.loading'))]);
    try {
      const card = readModelCard(await fetchModel(signal));
      if (toldVersion === version) view.tell(card);
    } catch (error) {
      if (signal.aborted || toldVersion !== version) return;
      toldVersion = null;
      view.say(describeTrouble(error));
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
      if (location.hash === MODEL_PLACE) tell();
    },
    close() {
      if (location.hash === MODEL_PLACE) location.hash = '';
    },
    toggle() {
      location.hash = location.hash === MODEL_PLACE ? '' : MODEL_PLACE;
    },
  };
}

/** @param {unknown} error */
function describeTrouble(error) {
  const failure =
    error instanceof ServiceFailure ? error : new ServiceFailure({ code: 'unreadable_answer' });
  const { happened, advice } = describeFailure(failure);
  return [sayHere(`${happened}.`), advice];
}
