import { translate } from '../i18n/translate.js';
import { createButton, createElement } from './element.js';
import './forget.css';

/**
 * Says that nothing is stored; removes one study, or after a question the whole session.
 * @param {HTMLElement} root
 * @param {{ onRemove: () => void, onClear: () => void }} events
 */
export function createForgetView(root, { onRemove, onClear }) {
  const explanation = createElement('p', { id: 'forget-explanation' });
  const dialog = createElement('dialog', { className: 'forget-dialog' }, [
    createElement('h2', { id: 'forget-question', textContent: translate('forget.question') }),
    explanation,
    createElement('div', { className: 'forget-choices' }, [
      createButton(translate('forget.keep'), () => dialog.close()),
      createButton(translate('forget.confirm'), () => {
        dialog.close();
        onClear();
      }),
    ]),
  ]);
  dialog.setAttribute('aria-labelledby', 'forget-question');
  dialog.setAttribute('aria-describedby', 'forget-explanation');
  root.append(
    createElement('div', { className: 'forget' }, [
      createElement('p', { textContent: translate('forget.nothingKept') }),
      createButton(translate('forget.remove'), onRemove),
      createButton(translate('forget.clear'), () => dialog.showModal()),
      dialog,
    ]),
  );

  return {
    /** @param {number} count of studies */
    update(count) {
      explanation.textContent =
        count === 1
          ? translate('forget.explanation.one')
          : translate('forget.explanation.other', { count });
    },
  };
}
