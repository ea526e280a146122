import { fitSlice } from '../../../frontend/src/imaging/slice-canvas.js';

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
])('all of a slice of %j is seen, centred and undistorted', (slice, place) => {
  expect(fitSlice(slice, 100)).toEqual(place);
});
