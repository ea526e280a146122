import { gzipSync } from 'node:zlib';
import { checkAppearance, DECIDED, describePage, expect, test } from '../page.js';
import { findExample, makeNifti } from '../scans.js';
import { describeViewer, openStudy, readCanvas } from '../viewer.js';

/** @param {number} slices @param {number} [side] */
function makeVolume(slices, side) {
  return {
    name: 'head.nii',
    mimeType: 'application/octet-stream',
    buffer: makeNifti(slices, side),
  };
}

test('the slices of a volume are gone through by wheel, key, slider and curve', async ({
  page,
}) => {
  const viewer = describeViewer(page);
  await openStudy(page, makeVolume(40));
  await expect(viewer.loading).toBeHidden();
  const marks = new Set();
  const see = async (/** @type {number} */ number) => {
    await expect(viewer.caption).toHaveText(`Slice ${number} of 40, axial`);
    await expect(viewer.slice).toHaveValue(String(number));
    marks.add((await readCanvas(viewer.canvas)).mark);
  };
  await viewer.slice.fill('30');
  await see(30);
  await viewer.canvas.hover();
  await page.mouse.wheel(0, 120);
  await see(31);
  await viewer.square.focus();
  await page.keyboard.press('ArrowUp');
  await see(30);
  await page.keyboard.press('PageUp');
  await see(20);
  await page.keyboard.press('Home');
  await see(1);
  await page.keyboard.press('End');
  await see(40);
  const curve = page.locator('.curve-plot svg');
  const { width } = await curve.boundingBox();
  await curve.click({ position: { x: (width * 11.5) / 40, y: 20 } });
  await see(12);
  expect(marks.size, 'each is another picture, but for the two empty ends').toBe(5);
});

// The 8-bit picture of the answer has its window in it; a narrower one needs the voxels, which are then asked for.
test('a picture has the same tools, and takes its voxels when its window changes', async ({
  page,
}) => {
  const viewer = describeViewer(page);
  /** @type {string[]} */
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await openStudy(page, findExample('phantom-lesion-a.png'));
  await expect(viewer.slice).toBeHidden();
  const start = await readCanvas(viewer.canvas);
  expect(asked).not.toContain('/api/volume');

  await page.getByRole('button', { name: 'Invert' }).click();
  const inverted = await readCanvas(viewer.canvas);
  expect(inverted.mean).toBeGreaterThan(start.mean + 40);
  await page.getByRole('button', { name: 'Reset' }).click();
  expect(await readCanvas(viewer.canvas)).toEqual(start);

  await page.locator('.window-menu summary').click();
  const [level, width] = [await viewer.level.inputValue(), await viewer.width.inputValue()];
  await viewer.width.press('ArrowLeft');
  await expect.poll(async () => (await readCanvas(viewer.canvas)).mark).not.toBe(start.mark);
  expect(asked).toContain('/api/volume');
  expect(Number(await viewer.width.inputValue())).toBeLessThan(Number(width));
  await viewer.square.focus();
  for (let press = 0; press < 5; press += 1) await page.keyboard.press('d');
  expect(Number(await viewer.level.inputValue())).toBeGreaterThan(Number(level));
  expect((await readCanvas(viewer.canvas)).mean).toBeLessThan(start.mean);
});

test('the window is dragged with the right button, or with the left one when so chosen', async ({
  page,
}) => {
  const viewer = describeViewer(page);
  await openStudy(page, makeVolume(24));
  await expect(viewer.loading).toBeHidden();
  const box = await viewer.canvas.boundingBox();
  const drag = async (/** @type {'left' | 'right'} */ button) => {
    await page.mouse.move(box.x + 100, box.y + 100);
    await page.mouse.down({ button });
    await page.mouse.move(box.x + 60, box.y + 160, { steps: 4 });
    await page.mouse.up({ button });
    return [Number(await viewer.level.inputValue()), Number(await viewer.width.inputValue())];
  };
  const start = [Number(await viewer.level.inputValue()), Number(await viewer.width.inputValue())];
  const right = await drag('right');
  expect(right[0]).toBeGreaterThan(start[0]);
  expect(right[1]).toBeLessThan(start[1]);
  expect(await drag('left'), 'the picture is moved instead').toEqual(right);
  await page.locator('.window-menu summary').click();
  await page.getByRole('button', { name: 'Drag window' }).click();
  const left = await drag('left');
  expect(left[0]).toBeGreaterThan(right[0]);
});

test('a picture is enlarged and moved by keys, and two fingers do the same', async ({ page }) => {
  const viewer = describeViewer(page);
  await openStudy(page, findExample('phantom-lesion-a.png'));
  const start = await readCanvas(viewer.canvas);
  await viewer.square.focus();
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  await expect(viewer.zoom).toHaveText('156 %');
  const near = await readCanvas(viewer.canvas);
  await page.keyboard.press('ArrowLeft');
  expect((await readCanvas(viewer.canvas)).mark).not.toBe(near.mark);
  await page.keyboard.press('0');
  await expect(viewer.zoom).toHaveText('100 %');
  expect(await readCanvas(viewer.canvas)).toEqual(start);

  await viewer.canvas.evaluate((canvas) => {
    const { left, top, width } = canvas.getBoundingClientRect();
    const touch = (
      /** @type {string} */ type,
      /** @type {number} */ pointerId,
      /** @type {number} */ x,
    ) =>
      canvas.dispatchEvent(
        new PointerEvent(type, {
          pointerId,
          pointerType: 'touch',
          clientX: left + x * width,
          clientY: top + width / 2,
          bubbles: true,
        }),
      );
    canvas.setPointerCapture = () => {};
    touch('pointerdown', 11, 0.4);
    touch('pointerdown', 12, 0.6);
    touch('pointermove', 11, 0.3);
    touch('pointermove', 12, 0.7);
    touch('pointerup', 11, 0.3);
    touch('pointerup', 12, 0.7);
  });
  await expect(viewer.zoom).toHaveText('200 %');
});

for (const side of [256, 512]) {
  // A step takes a few milliseconds without a GPU; to decode its slice anew would take longer than this.
  test(`a step through slices of ${side} x ${side} draws what is decoded already`, async ({
    page,
  }) => {
    const viewer = describeViewer(page);
    await openStudy(page, makeVolume(24, side));
    await expect(viewer.loading).toBeHidden();
    const steps = await viewer.square.evaluate((square) => {
      const canvas = /** @type {HTMLCanvasElement} */ (square.querySelector('canvas'));
      const took = [];
      for (let step = 0; step < 40; step += 1) {
        const key = Math.floor(step / 10) % 2 === 0 ? 'ArrowDown' : 'ArrowUp';
        const begin = performance.now();
        square.dispatchEvent(new KeyboardEvent('keydown', { key }));
        canvas.getContext('2d').getImageData(0, 0, 1, 1);
        took.push(performance.now() - begin);
      }
      return took.sort((one, other) => one - other);
    });
    const median = steps[steps.length / 2];
    const slow = steps[Math.floor(steps.length * 0.95)];
    test
      .info()
      .annotations.push({ type: 'ms a step', description: `${median} median, ${slow} p95` });
    console.log(`${side}: ${median.toFixed(1)} ms median, ${slow.toFixed(1)} ms p95`);
    expect(median).toBeLessThan(500);
  });
}

for (const theme of ['dark', 'light']) {
  for (const [width, size] of Object.entries({
    wide: { width: 1280, height: 800 },
    narrow: { width: 400, height: 800 },
  })) {
    test(`the tools are sound when ${theme} and ${width}`, async ({ page }) => {
      await page.setViewportSize(size);
      await page.goto('/');
      if (theme === 'light') await page.getByRole('button', { name: 'Light theme' }).click();
      await describePage(page).chooser.setInputFiles(findExample('phantom-lesion-a.png'));
      await expect(describePage(page).headline).toHaveText(DECIDED);
      await page.getByRole('button', { name: 'Invert' }).click();
      await checkAppearance(page, `viewer-${theme}-${width}`);
    });
  }
}

test('the code of the page is small, for three planes are not in it', async ({ page }) => {
  /** @type {Promise<Buffer>[]} */
  const bodies = [];
  page.on('response', (response) => {
    const isCode = ['document', 'script', 'stylesheet'].includes(response.request().resourceType());
    if (isCode) bodies.push(response.body());
  });
  await page.goto('/', { waitUntil: 'networkidle' });
  const sizes = (await Promise.all(bodies)).map((body) => gzipSync(body).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(sizes.length).toBe(3);
  expect(total).toBeLessThan(120_000);
});

test('the display of a study stays when the language is changed', async ({ page }) => {
  const viewer = describeViewer(page);
  await openStudy(page, makeVolume(24));
  await viewer.slice.fill('5');
  await viewer.square.press('+');
  await viewer.square.press('i');
  const seen = await readCanvas(viewer.canvas);
  await page.getByRole('button', { name: 'DE', exact: true }).click();
  await expect(viewer.caption).toHaveText('Schicht 5 von 24, axial');
  await expect(viewer.zoom).toHaveText('125 %');
  // The words beneath take another room, and so does the picture.
  expect((await readCanvas(viewer.canvas)).mean).toBeCloseTo(seen.mean, 0);
});

test('a failure to load the other slices is shown, and can be retried', async ({ page }) => {
  const viewer = describeViewer(page);
  let refused = 0;
  await page.route('**/api/volume', (route) => {
    refused += 1;
    return refused > 1 ? route.continue() : route.fulfill({ status: 503, body: '' });
  });
  await openStudy(page, makeVolume(24));
  await expect(page.getByText('The slices could not be loaded.')).toBeVisible();
  const analysed = await readCanvas(viewer.canvas);
  expect(analysed.mean, 'the slice of the answer is there').toBeGreaterThan(10);
  await page.getByRole('button', { name: 'Load again' }).click();
  await expect(page.getByRole('button', { name: 'Load again' })).toBeHidden();
  await viewer.square.press('ArrowDown');
  // The canvas is empty until the slice is decoded.
  await expect.poll(async () => (await readCanvas(viewer.canvas)).mean).toBeGreaterThan(10);
  expect((await readCanvas(viewer.canvas)).mark).not.toBe(analysed.mark);
});
