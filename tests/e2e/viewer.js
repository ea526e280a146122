import { DECIDED, describePage, expect } from './page.js';

/** @param {import('@playwright/test').Page} page */
export function describeViewer(page) {
  return {
    square: page.getByRole('group', { name: 'Slice viewer' }).first(),
    canvas: page.locator('.slice canvas').first(),
    caption: page.locator('.slice-caption').first(),
    slice: page.getByRole('slider', { name: 'Slice', exact: true }).first(),
    // Also while the window's menu is closed.
    level: page.getByRole('slider', { name: 'Level', includeHidden: true }).first(),
    width: page.getByRole('slider', { name: 'Width', includeHidden: true }).first(),
    zoom: page.locator('.zoom').first(),
    loading: page.getByText('The other slices are loading.'),
  };
}

/** @param {import('@playwright/test').Page} page */
export function describePlanes(page) {
  const panel = page.getByRole('region', { name: 'Three planes' });
  return {
    opener: page.getByRole('button', { name: 'Three planes' }),
    panel,
    picture: panel.getByRole('img'),
    closer: panel.getByRole('button', { name: 'Close' }),
    words: panel.getByRole('status'),
  };
}

/**
 * @param {import('@playwright/test').Page} page
 * @param {string | { name: string, mimeType: string, buffer: Buffer }} file
 */
export async function openStudy(page, file) {
  await page.goto('/');
  await describePage(page).chooser.setInputFiles(file);
  await expect(describePage(page).headline).toHaveText(DECIDED);
}

/**
 * Its brightness, and a number that tells one picture from another.
 * @param {import('@playwright/test').Locator} canvas
 */
export function readCanvas(canvas) {
  return canvas.evaluate((/** @type {HTMLCanvasElement} */ element) => {
    const { data } = element.getContext('2d').getImageData(0, 0, element.width, element.height);
    let [sum, mark] = [0, 0];
    for (let at = 0; at < data.length; at += 4) {
      sum += data[at];
      mark = (mark * 31 + data[at]) % 1_000_003;
    }
    return { mean: sum / (data.length / 4), mark };
  });
}

/**
 * Where a colour lies on the canvas: the middle of its pixels, in pixels of the screen.
 * @param {import('@playwright/test').Locator} canvas
 * @param {[number, number, number]} color
 */
export function findColor(canvas, color) {
  return canvas.evaluate((/** @type {HTMLCanvasElement} */ element, [red, green, blue]) => {
    const { width, height } = element;
    const { data } = element.getContext('2d').getImageData(0, 0, width, height);
    let [count, x, y] = [0, 0, 0];
    for (let at = 0; at < data.length; at += 4) {
      const distance =
        Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue);
      if (distance > 24) continue;
      count += 1;
      x += ((at / 4) % width) + 0.5;
      y += Math.floor(at / 4 / width) + 0.5;
    }
    const scale = element.clientWidth / width;
    return { count, x: (x / count) * scale, y: (y / count) * scale };
  }, color);
}

/**
 * The brightest pixel of what is seen in its place, whatever lies over it: 0 to 255.
 * @param {import('@playwright/test').Locator} part
 */
export async function findBrightest(part) {
  const picture = (await part.screenshot()).toString('base64');
  return part.evaluate(async (_, base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    return data.reduce((most, level, at) => (at % 4 === 0 ? Math.max(most, level) : most), 0);
  }, picture);
}
