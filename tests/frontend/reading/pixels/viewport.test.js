import {
  fitSlice,
  panBy,
  placeSlice,
  WHOLE,
  zoomAt,
} from '../../../../frontend/src/reading/pixels/viewport.js';

test.each([
  [
    { width: 512, height: 512 },
    { x: 0, y: 0, width: 100, height: 100 },
  ],
  [
    { width: 200, height: 100 },
    { x: 0, y: 25, width: 100, height: 50 },
  ],
  [
    { width: 10, height: 20 },
    { x: 25, y: 0, width: 50, height: 100 },
  ],
])('a slice of %j fits whole, centred and undistorted', (slice, place) => {
  expect(fitSlice(slice, 100)).toEqual(place);
});

const WIDE = { width: 200, height: 100 };

/**
 * Where a pixel of the slice lies on a square of 100.
 * @param {import('../../../../frontend/src/reading/pixels/viewport.js').Viewport} viewport
 * @param {number} x
 * @param {number} y
 */
function find(viewport, x, y) {
  const place = placeSlice(WIDE, 100, viewport);
  return [place.x + (x * place.width) / WIDE.width, place.y + (y * place.height) / WIDE.height];
}

test('a slice at zoom 1 lies where it fits', () => {
  expect(placeSlice(WIDE, 100, WHOLE)).toEqual(fitSlice(WIDE, 100));
});

test('the point that is zoomed at stays where it is', () => {
  const point = { x: 0.3, y: 0.6 };
  const near = zoomAt(zoomAt(WHOLE, 2, point), 1.7, point);
  expect(near.zoom).toBeCloseTo(3.4);
  // At 0.3 and 0.6 of the square lies pixel 60, 70.
  expect(find(WHOLE, 60, 70)).toEqual([30, 60]);
  const [x, y] = find(near, 60, 70);
  expect(x).toBeCloseTo(30);
  expect(y).toBeCloseTo(60);
});

test('an image moves by fractions of the square, and its centre stays in sight', () => {
  const near = zoomAt(WHOLE, 2);
  const moved = panBy(near, 0.1, -0.2);
  const [x, y] = find(moved, 100, 50);
  expect(x).toBeCloseTo(60);
  expect(y).toBeCloseTo(30);
  expect(panBy(near, 9, -9)).toEqual({ zoom: 2, x: 1, y: -1 });
});

test('nothing is drawn smaller than whole, nor larger than sixteen times', () => {
  expect(zoomAt(WHOLE, 0.1)).toEqual(WHOLE);
  expect(zoomAt(WHOLE, 1000).zoom).toBe(16);
});
