import { translate } from '../i18n/translate.js';
import { createButton, createElement } from './element.js';
import './undo.css';

/** @typedef {import('../state/session.js').Session} Session */

/**
 * Offers the study that was removed last until the offer is closed, or something else is added or removed.
 * @param {HTMLElement} root
 * @param {{ onUndo: () => void, onSettled: () => void }} events
 */
export function createUndoView(root, { onUndo, onSettled }) {
  /** @type {Session['removed']} */
  let shown = null;
  const words = createElement('span');
  words.setAttribute('role', 'status');
  const bar = createElement('div', { className: 'undo', hidden: true }, [
    words,
    createButton(translate('undo.undo'), onUndo),
    createButton(translate('undo.close'), onSettled),
  ]);
  root.append(bar);

  return {
    /** @param {Session} session */
    update({ removed }) {
      if (removed === shown) return;
      shown = removed;
      bar.hidden = removed === null;
      words.textContent =
        removed === null ? '' : translate('undo.removed', { study: removed.study.name });
    },
  };
}
