/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

/**
 * The slices with a heat map.
 * @param {PredictionAnswer} prediction
 */
export function listHeatmaps({ explanation }) {
  return explanation === null ? [] : [explanation, ...explanation.further];
}

/**
 * The kinds of tumour that can be seen on a map; a service older than this page draws one only.
 * @param {PredictionAnswer} prediction
 */
export function listKinds({ explanation }) {
  if (explanation === null) return [];
  const kinds = Object.keys(explanation.by_kind ?? {});
  return kinds.length > 0 ? kinds : [explanation.label];
}

/**
 * The most probable kind of tumour on a slice, which may be another than the study's.
 * @param {PredictionAnswer} prediction
 * @param {number} index
 * @returns {string} one that has maps; empty where nothing is explained
 */
export function findKind(prediction, index) {
  const { slices, probabilities, explanation } = prediction;
  const slice = slices.find((one) => one.index === index);
  const figures = (slices.length === 0 ? probabilities : slice?.probabilities) ?? {};
  const kinds = listKinds(prediction).filter((kind) => figures[kind] !== undefined);
  if (kinds.length === 0) return explanation?.label ?? '';
  return kinds.reduce((most, kind) => ((figures[kind] ?? 0) > (figures[most] ?? 0) ? kind : most));
}

/**
 * @param {PredictionAnswer} prediction
 * @param {number} index of the slice
 * @param {string} kind
 * @returns {string | null} a PNG in base64
 */
export function findHeatmap(prediction, index, kind) {
  const map = listHeatmaps(prediction).find(({ slice_index }) => slice_index === index);
  if (map === undefined) return null;
  return map.by_kind?.[kind] ?? (kind === prediction.explanation?.label ? map.heatmap_png : null);
}
