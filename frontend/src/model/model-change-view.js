import { translate } from '../i18n/translate.js';
import { createButton, createElement } from '../shell/element.js';
import { describeModelChange } from './model-change.js';
import './model-change-view.css';

/** @typedef {import('../state/study.js').Study} Study */
/** @typedef {import('../state/service.js').Service} Service */

/**
 * A line above the studies while the session holds results of a model that the service no longer has.
 * @param {HTMLElement} root
 * @param {{ onAgain: () => void }} events
 */
export function createModelChangeView(root, { onAgain }) {
  const sentence = createElement('p');
  sentence.setAttribute('role', 'status');
  const button = createButton(translate('modelChange.again'), onAgain);
  const line = createElement('div', { className: 'model-change' }, [sentence, button]);
  root.prepend(line);

  return {
    /**
     * @param {Study[]} studies
     * @param {Service} service
     */
    update(studies, service) {
      const words = describeModelChange(studies, service);
      if (sentence.textContent !== words) sentence.textContent = words;
      line.classList.toggle('said', words !== '');
      button.hidden = words === '';
    },
  };
}
