import { placeSlice, WHOLE } from './viewport.js';

// No screen shows more of a slice; larger images are reduced to this size.
const LONGEST_SIDE_PX = 2048;

/**
 * @param {Blob} file
 * @returns {Promise<ImageBitmap | null>} null where this browser cannot read the format
 */
export async function decodeSlice(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = LONGEST_SIDE_PX / Math.max(bitmap.width, bitmap.height);
    if (scale >= 1) return bitmap;
    const smaller = await createImageBitmap(bitmap, {
      resizeWidth: Math.max(1, Math.round(bitmap.width * scale)),
      resizeHeight: Math.max(1, Math.round(bitmap.height * scale)),
      resizeQuality: 'high',
    });
    bitmap.close();
    return smaller;
  } catch {
    return null;
  }
}

/**
 * @param {string} picture base64
 * @returns {Promise<ImageBitmap | null>} null where it is none
 */
export async function decodeBase64Png(picture) {
  const bytes = Uint8Array.from(atob(picture), (character) => character.charCodeAt(0));
  return decodeSlice(new Blob([bytes], { type: 'image/png' }));
}

/** @typedef {{ x: number, y: number, width: number, height: number }} Place in pixels of the canvas */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ImageBitmap | OffscreenCanvas | null} picture null for black
 * @param {{ layer: ImageBitmap | OffscreenCanvas, opacity: number } | null} [overlay] of the same place, at any resolution
 * @param {{ size?: { width: number, height: number }, viewport?: import('./viewport.js').Viewport,
 *           inverted?: boolean }} [manner] `size`: of the slice in square pixels, where the picture's own are not
 * @returns {Place | null} of the slice; null for black
 */
export function drawSlice(canvas, picture, overlay = null, manner = {}) {
  const side = Math.max(1, Math.round(canvas.clientWidth * window.devicePixelRatio));
  if (canvas.width !== side || canvas.height !== side) {
    canvas.width = side;
    canvas.height = side;
  }
  const context = canvas.getContext('2d');
  if (context === null) return null;
  context.globalAlpha = 1;
  context.fillStyle = '#000';
  context.fillRect(0, 0, side, side);
  if (picture === null) return null;
  const { size = picture, viewport = WHOLE, inverted = false } = manner;
  const place = placeSlice(size, side, viewport);
  const { x, y, width, height } = place;
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, x, y, width, height);
  if (inverted) {
    context.globalCompositeOperation = 'difference';
    context.fillStyle = '#fff';
    context.fillRect(x, y, width, height);
    context.globalCompositeOperation = 'source-over';
  }
  if (overlay !== null) {
    context.globalAlpha = overlay.opacity;
    context.drawImage(overlay.layer, x, y, width, height);
  }
  return place;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Place} place of the slice
 * @param {import('../viewer/display.js').Line} line
 */
export function drawRuler(canvas, { x, y, width, height }, [from, to]) {
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.globalAlpha = 1;
  // Dark beneath light, so that it is seen on every tissue.
  for (const [color, extent] of /** @type {[string, number][]} */ ([
    ['#000', 4],
    ['#fff', 2],
  ])) {
    context.strokeStyle = color;
    context.lineWidth = extent * window.devicePixelRatio;
    context.beginPath();
    context.moveTo(x + from.x * width, y + from.y * height);
    context.lineTo(x + to.x * width, y + to.y * height);
    context.stroke();
  }
}
