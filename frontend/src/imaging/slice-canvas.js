// More than any screen shows of a slice; larger pictures are kept at this size for the session.
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

/**
 * Where the slice lies on a square: all of it in sight, centred.
 * @param {{ width: number, height: number }} slice in pixels
 * @param {number} side of the square, in pixels
 */
export function fitSlice(slice, side) {
  const scale = side / Math.max(slice.width, slice.height);
  const width = slice.width * scale;
  const height = slice.height * scale;
  return { x: (side - width) / 2, y: (side - height) / 2, width, height };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ImageBitmap | null} bitmap null for black
 * @param {{ layer: OffscreenCanvas, opacity: number } | null} [overlay] of the same place, at any resolution
 */
export function drawSlice(canvas, bitmap, overlay = null) {
  const side = Math.max(1, Math.round(canvas.clientWidth * window.devicePixelRatio));
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.fillStyle = '#000';
  context.fillRect(0, 0, side, side);
  if (bitmap === null) return;
  const { x, y, width, height } = fitSlice(bitmap, side);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, x, y, width, height);
  if (overlay === null) return;
  context.globalAlpha = overlay.opacity;
  context.drawImage(overlay.layer, x, y, width, height);
}
