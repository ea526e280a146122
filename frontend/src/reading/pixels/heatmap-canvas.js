/** @typedef {import('../../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {PredictionAnswer['input']['view']['turning']} Turning */

/**
 * The heat map, which has the file's rows and columns, as a coloured layer in display orientation.
 * @param {ImageBitmap} heatmap grey: the brighter, the stronger the evidence for the class
 * @param {Turning} turning from the file's rows and columns to the view's
 * @param {string} color of the class, as #rrggbb
 * @returns {OffscreenCanvas}
 */
export function colorHeatmap(heatmap, turning, color) {
  const { width, height } = findTurnedSize(heatmap, turning);
  const layer = new OffscreenCanvas(width, height);
  const context = layer.getContext('2d');
  if (context === null) return layer;
  context.setTransform(...findTransform(heatmap, turning));
  context.drawImage(heatmap, 0, 0);
  const image = context.getImageData(0, 0, width, height);
  tint(image.data, color);
  context.putImageData(image, 0, 0);
  return layer;
}

/**
 * @param {{ width: number, height: number }} size of what is turned
 * @param {Turning} turning
 */
export function findTurnedSize({ width, height }, { transposed }) {
  return transposed ? { width: height, height: width } : { width, height };
}

/**
 * The canvas transform to display orientation: axes exchanged, then rows and columns reversed.
 * @param {{ width: number, height: number }} size of what is turned
 * @param {Turning} turning
 * @returns {[number, number, number, number, number, number]} a, b, c, d, e, f of `setTransform`
 */
export function findTransform(size, turning) {
  const turned = findTurnedSize(size, turning);
  const across = turning.columns_reversed ? -1 : 1;
  const down = turning.rows_reversed ? -1 : 1;
  const right = turning.columns_reversed ? turned.width : 0;
  const bottom = turning.rows_reversed ? turned.height : 0;
  return turning.transposed
    ? [0, down, across, 0, right, bottom]
    : [across, 0, 0, down, right, bottom];
}

/**
 * Turns grey levels into the opacity of one colour.
 * @param {Uint8ClampedArray} pixels red, green, blue and alpha, one after the other; changed in place
 * @param {string} color as #rrggbb
 */
export function tint(pixels, color) {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  for (let at = 0; at < pixels.length; at += 4) {
    const level = pixels[at] ?? 0;
    pixels[at] = red ?? 0;
    pixels[at + 1] = green ?? 0;
    pixels[at + 2] = blue ?? 0;
    pixels[at + 3] = level;
  }
}
