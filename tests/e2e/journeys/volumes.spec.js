import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAppearance, DECIDED, describePage, expect, readAnswer, test } from '../page.js';
import { findExample, findSeries, makeNifti, packZip, WHY_SKIPPED } from '../scans.js';

const VOLUME = { name: 'head.nii', mimeType: 'application/octet-stream', buffer: makeNifti(40) };

/** @param {(folder: string) => Promise<void>} use */
async function withFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'journey-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a volume gets a decision, the slice it rests on and its curve', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(VOLUME);
  await expect(parts.headline).toHaveText(DECIDED);
  const { input, slices } = await readAnswer(page);
  expect(input.slice_count).toBe(40);
  expect(slices.length).toBeGreaterThan(20);
  const place = `Slice ${input.view.slice_index + 1} of 40, axial`;
  await expect(page.locator('.slice-caption')).toHaveText(place);
  await expect(page.getByRole('img', { name: 'Slice head.nii' })).toBeVisible();
  await expect(page.getByRole('img', { name: /of 40 slices were analysed/ })).toBeVisible();
  const lightest = await page.locator('canvas').evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((most, value, index) => (index % 4 === 0 ? Math.max(most, value) : most), 0);
  });
  expect(lightest, 'the slice is drawn').toBeGreaterThan(100);
});

test('a ZIP of a real DICOM series is one volume, and its slices can be scrolled', async ({
  page,
}) => {
  const series = findSeries();
  test.skip(series === null, WHY_SKIPPED);
  const names = readdirSync(series).filter((name) => name.endsWith('.dcm'));
  const packed = packZip(
    names
      .sort()
      .slice(60, 90)
      .map((name) => [`series/${name}`, readFileSync(join(series, name))]),
  );
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles({
    name: 'series.zip',
    mimeType: 'application/zip',
    buffer: packed,
  });
  await expect(parts.headline).toHaveText(DECIDED);
  const { input } = await readAnswer(page);
  expect([input.format, input.slice_count]).toEqual(['dicom', 30]);
  const analysed = input.view.slice_index + 1;
  await expect(page.locator('.slice-caption')).toContainText(`Slice ${analysed} of 30`);
  const slider = page.getByRole('slider', { name: 'Slice', exact: true });
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(page.locator('.slice-caption')).toContainText('Slice 1 of 30');
});

test('a folder becomes its studies, and other files are left out and counted', async ({ page }) => {
  const parts = describePage(page);
  await withFolder(async (folder) => {
    mkdirSync(join(folder, 'case'));
    for (const name of ['X_001_t1.nii', 'X_001_t1ce.nii']) {
      writeFileSync(join(folder, 'case', name), makeNifti(12));
    }
    writeFileSync(join(folder, 'slice.png'), readFileSync(findExample('phantom-plain.png')));
    writeFileSync(
      join(folder, 'cut.png'),
      readFileSync(findExample('phantom-plain.png')).subarray(0, 900),
    );
    writeFileSync(join(folder, 'notes.txt'), 'call the ward');
    await page.goto('/');
    await parts.folderChooser.setInputFiles(folder);
    await expect(parts.studies).toHaveCount(3);
    await expect(parts.studies.filter({ hasText: 'X_001' }).locator('.study-step')).toHaveText(
      DECIDED,
    );
    await expect(parts.studies.filter({ hasText: 'slice.png' }).locator('.study-step')).toHaveText(
      DECIDED,
    );
    await expect(parts.studies.filter({ hasText: 'cut.png' }).locator('.study-step')).toHaveText(
      'failed',
    );
    await expect(page.getByText('1 file of another kind was skipped.')).toBeVisible();
    await parts.studies.filter({ hasText: 'X_001' }).getByRole('button').click();
    await expect(page.locator('.warnings').getByText('read contrast-enhanced T1')).toBeVisible();
  });
});

test('a folder without any scan says so', async ({ page }) => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, 'notes.txt'), 'call the ward');
    await page.goto('/');
    await describePage(page).folderChooser.setInputFiles(folder);
    await expect(page.getByText('This folder contains no scan')).toBeVisible();
  });
});

test('a real DICOM series is one study, read slice by slice', async ({ page }) => {
  const series = findSeries();
  test.skip(series === null, WHY_SKIPPED);
  const parts = describePage(page);
  await page.goto('/');
  await page.evaluate(() => {
    window.steps = new Set();
    new MutationObserver(() => {
      const words = document.querySelector('.study-step')?.textContent;
      if (words) window.steps.add(words);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await parts.folderChooser.setInputFiles(series);
  await expect(parts.studies).toHaveCount(1);
  await expect(parts.studies.locator('.study-name')).toHaveText('t1_mprage_series (176 files)');
  await expect(parts.headline).toHaveText(DECIDED);
  await expect(page.locator('.slice-caption')).toHaveText(/^Slice \d+ of 176, sagittal$/);
  const steps = await page.evaluate(() => [...window.steps]);
  expect(steps.filter((step) => /^reading slice \d+ of \d+$/.test(step)).length).toBeGreaterThan(3);
  await checkAppearance(page, 'series-dark-wide');

  // A single one of its files is a slice, and shown too.
  const [first] = readdirSync(series).sort();
  await parts.chooser.setInputFiles(join(series, first));
  await expect(parts.studies.nth(1).locator('.study-step')).toHaveText(DECIDED);
  await expect(page.locator('.slice-caption')).toHaveText('sagittal');
  await expect(page.getByRole('img', { name: `Slice ${first}` })).toBeVisible();
});
