import { clamp } from '../clamp.js';

/**
 * How a slice is placed on its square: scaled about the centre, then moved by fractions of the square's side.
 * @typedef {{ zoom: number, x: number, y: number }} Viewport
 */

/** @type {Readonly<Viewport>} */
export const WHOLE = { zoom: 1, x: 0, y: 0 };

const MOST_ZOOM = 16;

/**
 * Where the whole slice lies on a square, centred.
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
 * Where the slice lies, in pixels of the square; parts may be outside.
 * @param {{ width: number, height: number }} slice in square pixels
 * @param {number} side of the square, in pixels
 * @param {Viewport} viewport
 */
export function placeSlice(slice, side, { zoom, x, y }) {
  const fitted = fitSlice(slice, side);
  const middle = side / 2;
  return {
    x: middle + (fitted.x - middle) * zoom + x * side,
    y: middle + (fitted.y - middle) * zoom + y * side,
    width: fitted.width * zoom,
    height: fitted.height * zoom,
  };
}

/**
 * Zooms about a point, which stays where it is.
 * @param {Viewport} viewport
 * @param {number} factor
 * @param {{ x: number, y: number }} [point] in shares of the side, from the square's upper left
 * @returns {Viewport}
 */
export function zoomAt(viewport, factor, point = { x: 0.5, y: 0.5 }) {
  const zoom = clamp(viewport.zoom * factor, 1, MOST_ZOOM);
  const grown = zoom / viewport.zoom;
  return limit({
    zoom,
    x: point.x - 0.5 - (point.x - 0.5 - viewport.x) * grown,
    y: point.y - 0.5 - (point.y - 0.5 - viewport.y) * grown,
  });
}

/**
 * @param {Viewport} viewport
 * @param {number} x share of the side, to the right
 * @param {number} y down
 * @returns {Viewport}
 */
export function panBy(viewport, x, y) {
  return limit({ ...viewport, x: viewport.x + x, y: viewport.y + y });
}

/**
 * The square's centre stays on the slice, so that it cannot be moved out of sight.
 * @param {Viewport} viewport
 * @returns {Viewport}
 */
function limit({ zoom, x, y }) {
  const most = zoom / 2;
  return { zoom, x: clamp(x, -most, most), y: clamp(y, -most, most) };
}
