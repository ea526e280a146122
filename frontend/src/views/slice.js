import { decodeSlice, drawSlice } from '../imaging/slice-canvas.js';
import { createElement } from './element.js';
import './slice.css';

/** @typedef {import('../state/session.js').Study} Study */

/** @param {HTMLElement} root */
export function createSliceView(root) {
  /** Decoded once a study, kept for the session: switching studies is instant. */
  /** @type {Map<number, ImageBitmap | null>} */
  const bitmaps = new Map();
  /** @type {Set<number>} */
  const decoding = new Set();
  /** @type {Study | null} */
  let shown = null;

  const canvas = createElement('canvas');
  canvas.setAttribute('role', 'img');
  const caption = createElement('p', { className: 'slice-caption' });
  root.append(
    createElement('figure', { className: 'slice' }, [
      createElement('div', { className: 'slice-square' }, [canvas, caption]),
    ]),
  );
  new ResizeObserver(paint).observe(canvas);

  function paint() {
    if (shown === null) return;
    const bitmap = bitmaps.get(shown.id);
    drawSlice(canvas, bitmap ?? null);
    canvas.setAttribute(
      'aria-label',
      bitmap ? `Slice ${shown.name}` : `No preview of ${shown.name}`,
    );
    const words = bitmap === null ? describeMissingPreview(shown) : '';
    if (caption.textContent !== words) caption.textContent = words;
  }

  /**
   * @param {number} id
   * @param {File} file
   */
  async function decode(id, file) {
    decoding.add(id);
    bitmaps.set(id, await decodeSlice(file));
    if (shown?.id === id) paint();
  }

  return {
    /** @param {Study} study */
    update(study) {
      const changed = shown?.id !== study.id || shown.phase !== study.phase;
      shown = study;
      if (study.file !== null && !decoding.has(study.id)) decode(study.id, study.file);
      if (changed) paint();
    },
  };
}

/** @param {Study} study */
function describeMissingPreview(study) {
  return study.phase === 'failed'
    ? 'This browser cannot show the file either.'
    : 'This browser cannot show this format. The service reads the file all the same.';
}
