import { describeService, isBroken } from '../state/service.js';
import { createElement } from './element.js';
import './top-bar.css';

/** @typedef {import('../state/service.js').Service} Service */
/** @typedef {'dark' | 'light'} Look */

/**
 * @param {HTMLElement} root
 * @param {{ onLookChosen: (look: Look) => void }} events
 */
export function createTopBar(root, { onLookChosen }) {
  /** @type {Look} */
  let otherLook = 'light';
  const state = createElement('p', { className: 'service-state' });
  state.setAttribute('role', 'status');
  const lookButton = createElement('button', {
    type: 'button',
    className: 'look-button',
    onclick: () => onLookChosen(otherLook),
  });
  root.append(createElement('h1', { textContent: 'Tumorscope' }), state, lookButton);

  return {
    /** @param {Service} service */
    showService(service) {
      const words = describeService(service);
      if (state.textContent !== words) state.textContent = words;
      state.dataset.status = service.status;
      state.classList.toggle('broken', isBroken(service));
    },

    /** @param {Look} look */
    showLook(look) {
      otherLook = look === 'dark' ? 'light' : 'dark';
      lookButton.textContent = otherLook === 'light' ? 'Light look' : 'Dark look';
    },
  };
}
