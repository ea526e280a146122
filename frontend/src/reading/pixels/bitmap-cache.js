import { findHeatColor } from '../../answer/class-colors.js';
import { findHeatmap } from '../heatmaps.js';
import { colorHeatmap } from './heatmap-canvas.js';
import { decodeBase64Png, decodeSlice } from './slice-canvas.js';

/** @typedef {import('../../state/session.js').Study} Study */
/** @typedef {import('../../api/client.js').PredictionAnswer} PredictionAnswer */

/**
 * The images and heat maps of the session's studies, decoded once, so that switching between studies is instant.
 * @param {() => void} onChange another image has been decoded
 */
export function createBitmapCache(onChange) {
  /** @type {Map<string, ImageBitmap | OffscreenCanvas | null>} */
  const bitmaps = new Map();
  /** @type {Set<string>} */
  const decoding = new Set();

  /**
   * @param {string} name
   * @param {() => Promise<ImageBitmap | OffscreenCanvas | null>} decode
   */
  async function keep(name, decode) {
    if (bitmaps.has(name) || decoding.has(name)) return;
    decoding.add(name);
    bitmaps.set(name, await decode());
    decoding.delete(name);
    onChange();
  }

  return {
    /** @param {Study} study */
    request({ id, files, prediction }) {
      const picture = prediction?.input.view.picture_png;
      if (picture) keep(`${prediction.id} slice`, () => decodeBase64Png(picture));
      const only = files?.length === 1 ? files[0] : undefined;
      if (only !== undefined) keep(`sent-${id} slice`, () => decodeSlice(only));
    },

    /**
     * The slice of the answer; until there is one, the file that was sent, where this browser can decode it.
     * @param {Study} study
     */
    get({ id, prediction }) {
      return bitmaps.get(`${prediction?.id} slice`) ?? bitmaps.get(`sent-${id} slice`) ?? null;
    },

    /**
     * The coloured map of a kind of tumour on a slice; null until it is decoded, and where there is none.
     * @param {PredictionAnswer} prediction
     * @param {number} index
     * @param {string} kind
     */
    getLayer(prediction, index, kind) {
      const png = findHeatmap(prediction, index, kind);
      if (png === null) return null;
      const name = `${prediction.id} ${index} ${kind}`;
      keep(name, async () => {
        const map = await decodeBase64Png(png);
        if (map === null) return null;
        const color = findHeatColor(prediction, kind);
        return colorHeatmap(map, prediction.input.view.turning, color);
      });
      return bitmaps.get(name) ?? null;
    },

    /**
     * Drops the pixels of all others.
     * @param {Study[]} studies
     */
    keepOnly(studies) {
      const kept = new Set(studies.flatMap(({ id, prediction }) => [`sent-${id}`, prediction?.id]));
      for (const [name, bitmap] of bitmaps) {
        if (kept.has(name.slice(0, name.indexOf(' ')))) continue;
        if (bitmap !== null && 'close' in bitmap) bitmap.close();
        bitmaps.delete(name);
      }
    },

    get isDecoding() {
      return decoding.size > 0;
    },
  };
}
