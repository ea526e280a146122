import { findHeatColor } from '../../answer/class-colors.js';
import { colorHeatmap } from './heatmap-canvas.js';
import { decodeBase64Png, decodeSlice } from './slice-canvas.js';

/** @typedef {import('../../state/session.js').Study} Study */
/** @typedef {import('../../api/client.js').PredictionAnswer} PredictionAnswer */

/**
 * The images and heat maps of the session's studies, decoded once, so that switching between studies is instant.
 * @param {() => void} onChange another image has been decoded
 */
export function createBitmapCache(onChange) {
  /** @type {Map<string, ImageBitmap | null>} */
  const bitmaps = new Map();
  /** @type {Map<string, OffscreenCanvas>} */
  const layers = new Map();
  /** @type {Set<string>} */
  const decoding = new Set();

  /**
   * @param {string} name
   * @param {() => Promise<ImageBitmap | null>} decode
   */
  async function keep(name, decode) {
    if (bitmaps.has(name) || decoding.has(name)) return;
    decoding.add(name);
    bitmaps.set(name, await decode());
    decoding.delete(name);
    onChange();
  }

  /** @param {PredictionAnswer} prediction */
  async function keepLayers(prediction) {
    for (const { slice_index, heatmap_png } of listHeatmaps(prediction)) {
      const name = nameLayer(prediction, slice_index);
      if (layers.has(name) || decoding.has(name)) continue;
      decoding.add(name);
      const heatmap = await decodeBase64Png(heatmap_png);
      decoding.delete(name);
      if (heatmap === null) continue;
      const color = findHeatColor(prediction);
      layers.set(name, colorHeatmap(heatmap, prediction.input.view.turning, color));
      onChange();
    }
  }

  return {
    /** @param {Study} study */
    request({ id, files, prediction }) {
      const picture = prediction?.input.view.picture_png;
      if (picture) keep(`analysed ${prediction.id}`, () => decodeBase64Png(picture));
      if (prediction !== null) keepLayers(prediction);
      const only = files?.length === 1 ? files[0] : undefined;
      if (only !== undefined) keep(`sent ${id}`, () => decodeSlice(only));
    },

    /**
     * The slice of the answer; until there is one, the file that was sent, where this browser can decode it.
     * @param {Study} study
     */
    get({ id, prediction }) {
      return bitmaps.get(`analysed ${prediction?.id}`) ?? bitmaps.get(`sent ${id}`) ?? null;
    },

    /**
     * @param {PredictionAnswer} prediction
     * @param {number} index of a slice
     */
    getLayer: (prediction, index) => layers.get(nameLayer(prediction, index)) ?? null,

    /**
     * Drops the pixels of all others.
     * @param {Study[]} studies
     */
    keepOnly(studies) {
      const kept = new Set(
        studies.flatMap(({ id, prediction }) => [`sent ${id}`, `analysed ${prediction?.id}`]),
      );
      const keptLayers = new Set(studies.flatMap(({ prediction }) => listLayers(prediction)));
      for (const [name, bitmap] of bitmaps) {
        if (kept.has(name)) continue;
        bitmap?.close();
        bitmaps.delete(name);
      }
      for (const name of layers.keys()) if (!keptLayers.has(name)) layers.delete(name);
    },

    get isDecoding() {
      return decoding.size > 0;
    },
  };
}

/**
 * The slices with a heat map.
 * @param {PredictionAnswer} prediction
 */
export function listHeatmaps({ explanation }) {
  return explanation === null ? [] : [explanation, ...explanation.further];
}

/** @param {PredictionAnswer | null} prediction */
function listLayers(prediction) {
  if (prediction === null) return [];
  return listHeatmaps(prediction).map(({ slice_index }) => nameLayer(prediction, slice_index));
}

/**
 * @param {PredictionAnswer} prediction
 * @param {number} index
 */
function nameLayer({ id }, index) {
  return `${id} ${index}`;
}
