import { readFileSync } from 'node:fs';
import { checkAppearance, DECIDED, describePage, expect, readAnswer, test } from '../page.js';
import { findEncodings, findExample, findSeries, makeNifti, WHY_SKIPPED } from '../scans.js';
import { describeViewer, findBrightest, readCanvas } from '../viewer.js';

const VOLUME = { name: 'head.nii', mimeType: 'application/octet-stream', buffer: makeNifti(40) };

/**
 * Holds the request for a prediction back.
 * @param {import('@playwright/test').Page} page
 * @returns {Promise<() => void>} lets it go
 */
async function holdAnswer(page) {
  /** @type {() => void} */
  let release = () => {};
  const released = new Promise((resolve) => {
    release = () => resolve(undefined);
  });
  await page.route('**/api/predict?*', async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/**
 * Notes each frame in which the words in place of a slice, or another slice, are seen.
 * @param {import('@playwright/test').Page} page
 * @returns {Promise<() => Promise<string[]>>} what was seen
 */
async function watchForBlack(page) {
  await page.evaluate(() => {
    window.seen = [];
    const caption = document.querySelector('.slice-caption');
    const start = caption.textContent;
    const look = () => {
      const words = document.querySelector('.slice-message').textContent;
      if (words !== '') window.seen.push(words);
      if (caption.textContent !== start) window.seen.push(caption.textContent);
    };
    new MutationObserver(look).observe(document.querySelector('.slice'), {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  return () => page.evaluate(() => window.seen);
}

test('a volume is scrolled before the service has answered, and its answer does not move it', async ({
  page,
}) => {
  /** @type {string[]} */
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  const parts = describePage(page);
  const viewer = describeViewer(page);
  const release = await holdAnswer(page);
  await page.goto('/');
  await expect(parts.serviceState).toHaveText(/^service ready/);
  expect(asked.filter((path) => path.includes('preview-worker'))).toEqual([]);
  await parts.chooser.setInputFiles(VOLUME);
  await expect(viewer.caption).toHaveText('Slice 21 of 40, axial');
  await expect.poll(async () => (await readCanvas(viewer.canvas)).mean).toBeGreaterThan(20);
  await expect(page.locator('.mark-left')).toHaveText('R');
  const middle = await readCanvas(viewer.canvas);
  await viewer.square.press('PageUp');
  await expect(viewer.caption).toHaveText('Slice 11 of 40, axial');
  expect((await readCanvas(viewer.canvas)).mark).not.toBe(middle.mark);
  await viewer.slice.fill('30');
  await expect(viewer.caption).toHaveText('Slice 30 of 40, axial');
  await expect(page.getByRole('button', { name: 'Three planes' })).toBeHidden();
  await checkAppearance(page, 'see-first-volume');

  // Nor is there a moment without a picture, while the service's own voxels are loading.
  const dark = await watchForBlack(page);
  release();
  await expect(parts.headline).toHaveText(DECIDED);
  await expect(page.getByRole('button', { name: 'Three planes' })).toBeVisible();
  await expect(viewer.caption).toHaveText('Slice 30 of 40, axial');
  expect(await dark()).toEqual([]);
  const { input } = await readAnswer(page);
  await page.getByRole('button', { name: 'Go to finding' }).click();
  await expect(viewer.caption).toHaveText(`Slice ${input.view.slice_index + 1} of 40, axial`);
});

test('where nobody has touched the viewer, it goes to the slice of the answer', async ({
  page,
}) => {
  const viewer = describeViewer(page);
  const release = await holdAnswer(page);
  await page.goto('/');
  await describePage(page).chooser.setInputFiles(VOLUME);
  await expect(viewer.caption).toHaveText('Slice 21 of 40, axial');
  release();
  await expect(describePage(page).headline).toHaveText(DECIDED);
  const { input } = await readAnswer(page);
  await expect(viewer.caption).toHaveText(`Slice ${input.view.slice_index + 1} of 40, axial`);
});

test('a slice is the same before the answer and after it', async ({ page }) => {
  const parts = describePage(page);
  const viewer = describeViewer(page);
  const release = await holdAnswer(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-volume.nii.gz'));
  await expect(viewer.caption).toHaveText('Slice 31 of 60, axial');
  await viewer.slice.fill('20');
  await expect(viewer.caption).toHaveText('Slice 20 of 60, axial');
  const before = await viewer.canvas.screenshot();
  release();
  await expect(parts.headline).toHaveText(DECIDED);
  await expect(viewer.loading).toBeHidden();
  await viewer.slice.fill('20');
  await page.getByRole('slider', { name: /^Heat map for/ }).fill('0');
  await expect(viewer.caption).toHaveText('Slice 20 of 60, axial');
  // The page around it has other heights now: the picture is compared at one size.
  const difference = await page.evaluate(
    async ([one, other]) => {
      const [first, second] = await Promise.all(
        [one, other].map(async (base64) => {
          const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
          const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
          const context = new OffscreenCanvas(64, 64).getContext('2d');
          context.drawImage(bitmap, 0, 0, 64, 64);
          return context.getImageData(0, 0, 64, 64).data;
        }),
      );
      const sum = first.reduce((total, value, at) => total + Math.abs(value - second[at]), 0);
      return sum / first.length;
    },
    [before.toString('base64'), (await viewer.canvas.screenshot()).toString('base64')],
  );
  expect(difference).toBeLessThan(4);
});

test('a picture is seen at once', async ({ page }) => {
  const parts = describePage(page);
  const release = await holdAnswer(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
  await expect(page.getByRole('img', { name: 'Slice phantom-lesion-a.png' })).toBeVisible();
  expect((await readCanvas(describeViewer(page).canvas)).mean).toBeGreaterThan(20);
  release();
  await expect(parts.headline).toHaveText(DECIDED);
});

test('a real DICOM series is scrolled before the service has answered', async ({ page }) => {
  const series = findSeries();
  test.skip(series === null, WHY_SKIPPED);
  const viewer = describeViewer(page);
  const release = await holdAnswer(page);
  await page.goto('/');
  await describePage(page).folderChooser.setInputFiles(series);
  await expect(viewer.caption).toHaveText('Slice 89 of 176, sagittal');
  await expect.poll(async () => (await readCanvas(viewer.canvas)).mean).toBeGreaterThan(20);
  await checkAppearance(page, 'see-first-series');
  release();
  await expect(describePage(page).headline).toHaveText(DECIDED);
});

test('a slice is the same in every encoding that a browser decodes', async ({ page }) => {
  const encodings = findEncodings();
  test.skip(encodings.length === 0, WHY_SKIPPED);
  const viewer = describeViewer(page);
  await holdAnswer(page);
  const marks = new Set();
  for (const file of encodings) {
    await page.goto('/');
    await describePage(page).chooser.setInputFiles(file);
    await expect(viewer.caption, file.name).toHaveText('axial');
    await expect.poll(async () => (await readCanvas(viewer.canvas)).mean).toBeGreaterThan(20);
    marks.add((await readCanvas(viewer.canvas)).mark);
  }
  expect(marks.size).toBe(1);
});

test('what a browser cannot read waits for the service', async ({ page }) => {
  const parts = describePage(page);
  const release = await holdAnswer(page);
  await page.goto('/');
  await parts.chooser.setInputFiles({
    name: 'scans.zip',
    mimeType: 'application/zip',
    buffer: Buffer.concat([
      Buffer.from('PK\x03\x04', 'latin1'),
      readFileSync(findExample('phantom-plain.png')),
    ]),
  });
  const words = page.getByText('The slice appears as soon as it has been read.');
  await expect(words).toBeVisible();
  expect(await findBrightest(words), 'nothing lies over the words').toBeGreaterThan(100);
  release();
});
