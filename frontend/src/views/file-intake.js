import { createElement } from './element.js';
import './file-intake.css';

/**
 * The three ways of a picture onto the page: chosen, dropped anywhere, pasted.
 * @param {HTMLElement} root
 * @param {{ onFiles: (files: File[]) => void }} events
 */
export function createFileIntake(root, { onFiles }) {
  const input = createElement('input', {
    type: 'file',
    multiple: true,
    hidden: true,
    onchange: () => {
      take(input.files);
      // So that the same file can be chosen again.
      input.value = '';
    },
  });
  input.setAttribute('aria-label', 'Pictures to analyse');
  root.append(input);

  /** @param {FileList | undefined | null} files */
  function take(files) {
    if (files?.length) onFiles(Array.from(files));
  }

  /** @param {boolean} dragging */
  function showDragging(dragging) {
    document.body.classList.toggle('dragging', dragging);
  }

  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    showDragging(true);
  });
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) showDragging(false);
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    showDragging(false);
    take(event.dataTransfer?.files);
  });
  document.addEventListener('paste', (event) => take(event.clipboardData?.files));

  return { choose: () => input.click() };
}
