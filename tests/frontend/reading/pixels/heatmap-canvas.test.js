import {
  findTransform,
  findTurnedSize,
  tint,
} from '../../../../frontend/src/reading/pixels/heatmap-canvas.js';

const SIZE = { width: 30, height: 40 };

/**
 * Where a canvas draws a point of the picture.
 * @param {[number, number, number, number, number, number]} transform
 * @param {number} x
 * @param {number} y
 */
function place([a, b, c, d, e, f], x, y) {
  return [a * x + c * y + e, b * x + d * y + f];
}

for (const transposed of [false, true]) {
  for (const rows_reversed of [false, true]) {
    for (const columns_reversed of [false, true]) {
      const turning = { transposed, rows_reversed, columns_reversed };
      test(`a map is hung as the slice is: ${JSON.stringify(turning)}`, () => {
        // The middle of row 8, column 21, through the steps that the contract names.
        let [row, column] = [8.5, 21.5];
        if (transposed) [row, column] = [column, row];
        const turned = findTurnedSize(SIZE, turning);
        if (rows_reversed) row = turned.height - row;
        if (columns_reversed) column = turned.width - column;
        expect(place(findTransform(SIZE, turning), 21.5, 8.5)).toEqual([column, row]);
      });
    }
  }
}

test('grey becomes the opacity of the color', () => {
  const pixels = new Uint8ClampedArray([0, 0, 0, 255, 200, 200, 200, 255]);
  tint(pixels, '#d55e00');
  expect([...pixels]).toEqual([0xd5, 0x5e, 0, 0, 0xd5, 0x5e, 0, 200]);
});
