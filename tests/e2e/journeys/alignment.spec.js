import { expect, test } from '../page.js';
import { makeDicom, makeGreyPng, packNifti } from '../scans.js';
import { describeViewer, findColor, openStudy } from '../viewer.js';

const MOST_PIXELS = 2;
const WHITE = [255, 255, 255];
const VERMILLION = [0xd5, 0x5e, 0];

/**
 * A head that fills neither the picture's middle nor its square: the service crops to it and pads; in it a bright spot.
 * @param {number} width
 * @param {number} height
 * @param {{ x: number, y: number }} spot
 */
function drawHead(width, height, spot) {
  const pixels = Buffer.alloc(width * height);
  const [centerX, centerY] = [width * 0.42, height * 0.55];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const away = Math.hypot((x - centerX) / (width * 0.3), (y - centerY) / (height * 0.38));
      const texture = 12 * Math.sin(x / 7) * Math.cos(y / 9);
      if (away < 1) pixels[y * width + x] = away > 0.9 ? 150 : 90 + texture;
      if (Math.hypot(x - spot.x, y - spot.y) < 11) pixels[y * width + x] = 255;
    }
  }
  return pixels;
}

/**
 * A map whose peak is at a point, in the rows and columns that it has.
 * @param {number} width
 * @param {number} height
 * @param {{ x: number, y: number }} peak centre, where a pixel's own is its number
 */
function drawMap(width, height, peak) {
  const pixels = Buffer.alloc(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const away = Math.hypot(x - peak.x, y - peak.y);
      pixels[y * width + x] = Math.round(255 * Math.exp(-((away / 9) ** 4)));
    }
  }
  return makeGreyPng(pixels, width).toString('base64');
}

/**
 * Whatever the model saw, the answer's map has its peak where the test says.
 * @param {import('@playwright/test').Page} page
 * @param {(input: { view: { width: number, height: number } }) =>
 *   { index: number, width: number, height: number, peak: { x: number, y: number } }} place
 */
async function plantMap(page, place) {
  await page.route('**/api/predict*', async (route) => {
    const response = await route.fetch();
    const lines = (await response.text()).trimEnd().split('\n');
    const answer = JSON.parse(lines.at(-1));
    const { index, width, height, peak } = place(answer.input);
    const map = { slice_index: index, width, height, heatmap_png: drawMap(width, height, peak) };
    answer.explanation = { method: 'planted', label: 'glioma', further: [], ...map };
    answer.input.view.slice_index = index;
    // A few discs are no brain to the model.
    Object.assign(answer, { decision: 'tumor', label: 'glioma', tumor_probability: 0.9 });
    answer.probabilities = { glioma: 0.9, no_tumor: 0.1 };
    const body = [...lines.slice(0, -1), JSON.stringify(answer)].join('\n');
    await route.fulfill({ response, body });
  });
}

/** @param {import('@playwright/test').Page} page */
async function expectAligned(page) {
  const { canvas } = describeViewer(page);
  const opacity = page.getByRole('slider', { name: /^Heat map for/ });
  await opacity.fill('0');
  const spot = await findColor(canvas, WHITE);
  await opacity.fill('100');
  const peak = await findColor(canvas, VERMILLION);
  expect(spot.count, 'the spot is seen').toBeGreaterThan(20);
  expect(peak.count, 'the peak is seen').toBeGreaterThan(20);
  expect(Math.hypot(peak.x - spot.x, peak.y - spot.y)).toBeLessThan(MOST_PIXELS);
  return spot;
}

/**
 * Whole; then near, by the wheel at the spot; then moved.
 * @param {import('@playwright/test').Page} page
 */
async function expectAlignedWhereverSeen(page) {
  const { canvas, zoom } = describeViewer(page);
  const whole = await expectAligned(page);
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + whole.x + 15, box.y + whole.y - 10);
  await page.keyboard.down('Control');
  for (let turn = 0; turn < 4; turn += 1) await page.mouse.wheel(0, -100);
  await page.keyboard.up('Control');
  await expect(zoom).toHaveText(/^3[78]\d\s%$/);
  const near = await expectAligned(page);
  expect(near.count).toBeGreaterThan(5 * whole.count);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 60, box.y + box.height / 2 + 45, { steps: 5 });
  await page.mouse.up();
  const moved = await expectAligned(page);
  expect(moved.x - near.x).toBeCloseTo(60, 0);
  expect(moved.y - near.y).toBeCloseTo(45, 0);
}

test('the map lies on a wide picture where its source says', async ({ page }) => {
  const spot = { x: 170, y: 85 };
  const buffer = makeGreyPng(drawHead(320, 200, spot), 320);
  await plantMap(page, () => ({ index: 0, width: 320, height: 200, peak: spot }));
  await openStudy(page, { name: 'spot.png', mimeType: 'image/png', buffer });
  await expectAlignedWhereverSeen(page);
});

// A sagittal slice whose rows run to anterior and columns to superior: it is exchanged and reversed to be hung.
test('the map lies on a turned DICOM slice where its source says', async ({ page }) => {
  const spot = { x: 150, y: 60 };
  const buffer = makeDicom(drawHead(256, 180, spot), 256, '0\\0\\1\\0\\-1\\0');
  await plantMap(page, ({ view }) => {
    expect(view.turning).toEqual({ transposed: true, rows_reversed: true, columns_reversed: true });
    return { index: 0, width: 256, height: 180, peak: spot };
  });
  await openStudy(page, { name: 'spot.dcm', mimeType: 'application/dicom', buffer });
  await expectAlignedWhereverSeen(page);
  // The voxels, which a change of the window brings, lie where the picture lay.
  const voxels = page.waitForResponse('**/api/volume');
  await page.locator('.window-menu summary').click();
  await describeViewer(page).width.press('ArrowLeft');
  await (await voxels).finished();
  await expect(page.getByText('The full intensity range is loading.')).toBeHidden();
  await expectAligned(page);
});

test('the map lies on the slice of a volume of oblong voxels where its source says', async ({
  page,
}) => {
  const [columns, rows, slices, seen] = [160, 110, 21, 11];
  const spot = { x: 84, y: 47 };
  const head = drawHead(columns, rows, spot);
  const voxels = Buffer.alloc(columns * rows * slices);
  for (let z = 0; z < slices; z += 1) {
    for (let y = 0; y < rows; y += 1) {
      for (let x = 0; x < columns; x += 1) {
        // A slice's first row is anterior, its first column the patient's right.
        const at = (z * rows + rows - 1 - y) * columns + columns - 1 - x;
        const value = head[y * columns + x];
        // Tissue has a grain: a volume of like values beside nothing is a map, and is refused.
        const grain = (x * 7 + y * 13 + z * 29) % 71;
        const tissue = value === 255 && z !== seen ? 90 : value;
        voxels[at] = tissue === 255 ? tissue : Math.max(0, tissue - grain);
      }
    }
  }
  const buffer = packNifti(voxels, [columns, rows, slices], [1, 1.5, 3]);
  await plantMap(page, ({ view: { width, height } }) => {
    expect([width, height]).toEqual([160, 165]);
    const peak = { x: spot.x, y: (spot.y + 0.5) * 1.5 - 0.5 };
    return { index: seen, width, height, peak };
  });
  await openStudy(page, { name: 'spot.nii', mimeType: 'application/octet-stream', buffer });
  const viewer = describeViewer(page);
  await expect(viewer.loading).toBeHidden();
  await expect(viewer.caption).toHaveText('Slice 12 of 21, axial');
  // In the full range nothing but the spot is white.
  await page.locator('.window-menu summary').click();
  await page.getByRole('button', { name: 'Full range', exact: true }).click();
  await page.keyboard.press('Escape');
  await expectAlignedWhereverSeen(page);
  // It belongs to this slice, and is on no other.
  await viewer.square.press('ArrowDown');
  expect((await findColor(viewer.canvas, VERMILLION)).count).toBe(0);
  await page.getByRole('button', { name: 'Go to slice 12' }).click();
  await expectAligned(page);
});
