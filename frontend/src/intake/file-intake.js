import { translate } from '../i18n/translate.js';
import { createElement } from '../shell/element.js';
import { takeChosen, takeDropped } from './take-files.js';
import './file-intake.css';

/** @typedef {import('./group-studies.js').TakenFile} TakenFile */

/**
 * Takes files that are chosen, dropped anywhere or pasted, and whole folders.
 * @param {HTMLElement} root
 * @param {{ onFiles: (files: TakenFile[]) => void }} events
 * @param {AbortSignal} signal ends the listening to the whole page
 */
export function createFileIntake(root, { onFiles }, signal) {
  const input = createInput(translate('intake.files'));
  const folderInput = createInput(translate('intake.folder'));
  folderInput.webkitdirectory = true;
  root.append(input, folderInput);

  /** @param {string} name */
  function createInput(name) {
    const created = createElement('input', {
      type: 'file',
      multiple: true,
      hidden: true,
      onchange: () => {
        take(takeChosen(created.files ?? []));
        // So that the same file can be chosen again.
        created.value = '';
      },
    });
    created.setAttribute('aria-label', name);
    return created;
  }

  /** @param {TakenFile[]} files */
  function take(files) {
    if (files.length > 0) onFiles(files);
  }

  /** @param {boolean} dragging */
  function showDragging(dragging) {
    document.body.classList.toggle('dragging', dragging);
  }

  document.addEventListener(
    'dragover',
    (event) => {
      event.preventDefault();
      showDragging(true);
    },
    { signal },
  );
  document.addEventListener(
    'dragleave',
    (event) => {
      if (event.relatedTarget === null) showDragging(false);
    },
    { signal },
  );
  document.addEventListener(
    'drop',
    async (event) => {
      event.preventDefault();
      showDragging(false);
      if (event.dataTransfer !== null) take(await takeDropped(event.dataTransfer));
    },
    { signal },
  );
  document.addEventListener(
    'paste',
    (event) => take(takeChosen(event.clipboardData?.files ?? [])),
    { signal },
  );

  return { choose: () => input.click(), chooseFolder: () => folderInput.click() };
}
