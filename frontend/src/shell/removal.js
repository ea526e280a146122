import { translate } from '../i18n/translate.js';
import { createButton, createElement } from './element.js';
import './removal.css';

/**
 * Says that nothing is stored; removes one study, or after a question the whole session.
 * @param {HTMLElement} root
 * @param {{ onRemove: () => void, onClear: () => void }} events
 */
export function createRemovalView(root, { onRemove, onClear }) {
  const explanation = createElement('p', { id: 'removal-explanation' });
  const dialog = createElement('dialog', { className: 'removal-dialog' }, [
    createElement('h2', { id: 'removal-question', textContent: translate('removal.question') }),
    explanation,
    createElement('div', { className: 'removal-choices' }, [
      createButton(translate('removal.keep'), () => dialog.close()),
      createButton(translate('removal.confirm'), () => {
        dialog.close();
        onClear();
      }),
    ]),
  ]);
  dialog.setAttribute('aria-labelledby', 'removal-question');
  dialog.setAttribute('aria-describedby', 'removal-explanation');
  root.append(
    createElement('div', { className: 'removal' }, [
      createElement('p', { textContent: translate('removal.nothingKept') }),
      createButton(translate('removal.remove'), onRemove),
      createButton(translate('removal.clear'), () => dialog.showModal()),
      dialog,
    ]),
  );

  return {
    /** @param {number} count of studies */
    update(count) {
      explanation.textContent =
        count === 1
          ? translate('removal.explanation.one')
          : translate('removal.explanation.other', { count });
    },
  };
}
