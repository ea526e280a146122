import { translate } from '../i18n/translate.js';
import { colorHeatmap } from '../imaging/heatmap-canvas.js';
import { decodeBase64Png, decodeSlice, drawSlice } from '../imaging/slice-canvas.js';
import { describePlace } from '../study-facts.js';
import { createElement } from './element.js';
import { createHeatmapControl, findHeatColor } from './heatmap-control.js';
import './slice.css';

/** @typedef {import('../state/session.js').Study} Study */

/**
 * The slice that was judged; until the answer brings it, the picture that was sent, where this browser can show it.
 * @param {HTMLElement} root
 * @returns {{ figure: HTMLElement, update: (study: Study) => void }}
 */
export function createSliceView(root) {
  /** Decoded once, kept for the session: switching studies is instant. */
  /** @type {Map<string, ImageBitmap | null>} */
  const bitmaps = new Map();
  /** @type {Map<string, OffscreenCanvas>} */
  const layers = new Map();
  /** @type {Set<string>} */
  const decoding = new Set();
  /** @type {Study | null} */
  let shown = null;

  const canvas = createElement('canvas');
  canvas.setAttribute('role', 'img');
  const words = createElement('p', { className: 'slice-words' });
  const caption = createElement('figcaption', { className: 'slice-caption' });
  const figure = createElement('figure', { className: 'slice' }, [
    createElement('div', { className: 'slice-square' }, [canvas, words]),
    caption,
  ]);
  const control = createHeatmapControl(figure, paint);
  root.append(figure);
  new ResizeObserver(paint).observe(canvas);

  function paint() {
    if (shown === null) return;
    const bitmap = bitmaps.get(nameJudged(shown)) ?? bitmaps.get(nameSent(shown));
    const layer = bitmaps.has(nameJudged(shown)) ? layers.get(nameJudged(shown)) : undefined;
    drawSlice(canvas, bitmap ?? null, layer ? { layer, opacity: control.opacity } : null);
    canvas.setAttribute(
      'aria-label',
      translate(bitmap ? 'slice.name' : 'slice.noPreview', { study: shown.name }),
    );
    const missing = bitmap || decoding.size > 0 ? '' : describeMissingPreview(shown);
    if (words.textContent !== missing) words.textContent = missing;
    caption.textContent = shown.prediction === null ? '' : describePlace(shown.prediction.input);
  }

  /**
   * @param {string} name
   * @param {Promise<ImageBitmap | null>} bitmap
   */
  async function keep(name, bitmap) {
    decoding.add(name);
    bitmaps.set(name, await bitmap);
    decoding.delete(name);
    paint();
  }

  /**
   * @param {string} name
   * @param {Study} study
   */
  async function keepLayer(name, { prediction }) {
    if (!prediction?.explanation) return;
    const heatmap = await decodeBase64Png(prediction.explanation.heatmap_png);
    if (heatmap === null) return;
    layers.set(
      name,
      colorHeatmap(heatmap, prediction.input.view.turning, findHeatColor(prediction)),
    );
    paint();
  }

  /** @param {Study} study */
  function decode(study) {
    const picture = study.prediction?.input.view.picture_png;
    const judged = nameJudged(study);
    const sent = nameSent(study);
    if (picture && !bitmaps.has(judged) && !decoding.has(judged)) {
      keep(judged, decodeBase64Png(picture));
      keepLayer(judged, study);
    }
    const only = study.files?.length === 1 ? study.files[0] : undefined;
    if (only !== undefined && !bitmaps.has(sent) && !decoding.has(sent)) {
      keep(sent, decodeSlice(only));
    }
  }

  return {
    figure,
    update(study) {
      const changed = shown?.id !== study.id || shown.phase !== study.phase;
      shown = study;
      decode(study);
      control.update(study.prediction);
      if (changed) paint();
    },
  };
}

/** @param {Study} study */
function nameSent({ id }) {
  return `sent ${id}`;
}

/** @param {Study} study */
function nameJudged({ prediction }) {
  return `judged ${prediction?.id}`;
}

/** @param {Study} study */
function describeMissingPreview({ phase }) {
  if (phase === 'done') return translate('slice.notSent');
  return phase === 'failed' || phase === 'cancelled'
    ? translate('slice.cannotShow')
    : translate('slice.notRead');
}
