import { checkAppearance, DECIDED, describePage, expect, readAnswer, test } from '../page.js';
import { makeExamination, makeNifti, packZip } from '../scans.js';
import { describeViewer, readCanvas } from '../viewer.js';

test('the series of an examination are seen, and another is read at a click', async ({ page }) => {
  const parts = describePage(page);
  const series = page.locator('.series');
  await page.goto('/');
  await parts.chooser.setInputFiles(makeExamination());
  await expect(parts.headline).toHaveText(DECIDED);
  await expect(series.getByRole('button')).toHaveCount(3);
  await expect(series.getByRole('button', { pressed: true })).toHaveText(
    /^T1 axialread · axial · 12 slices/,
  );
  const other = series.getByRole('button', { name: /T1 sagittal/ });
  await expect(other).toHaveText(/sagittal · 8 slices/);
  const pictures = await series.locator('canvas').all();
  const marks = [];
  for (const picture of pictures) {
    await expect.poll(async () => (await readCanvas(picture)).mean).toBeGreaterThan(10);
    marks.push((await readCanvas(picture)).mark);
  }
  expect(marks[0]).not.toBe(marks[2]);
  await checkAppearance(page, 'series-dark-wide');
  await page.setViewportSize({ width: 390, height: 844 });
  await series.scrollIntoViewIfNeeded();
  await checkAppearance(page, 'series-dark-narrow');
  await page.getByRole('button', { name: 'Light theme' }).click();
  await checkAppearance(page, 'series-light-narrow');
  await page.setViewportSize({ width: 1280, height: 800 });
  await checkAppearance(page, 'series-light-wide');

  await other.click();
  await expect(series.getByRole('button', { pressed: true })).toHaveText(/^T1 sagittal/);
  await expect(describeViewer(page).caption).toContainText('of 8, sagittal');
  expect((await readAnswer(page)).input.series[0].description).toBe('T1 sagittal');
});

test('another series lies beside the one that was read, at the same place in the patient', async ({
  page,
}) => {
  const viewer = describeViewer(page);
  const choice = page.getByLabel('Compare with another study or series').first();
  const beside = page.locator('.compared');
  const caption = beside.locator('.slice-caption');
  await page.goto('/');
  await describePage(page).chooser.setInputFiles(makeExamination());
  await expect(describePage(page).headline).toHaveText(DECIDED);
  await expect(viewer.loading).toBeHidden();
  await viewer.slice.fill('5');
  await choice.selectOption('T1 lower');
  await expect(beside.locator('.compared-name')).toHaveText('T1 lower');
  await expect(caption).toHaveText('Slice 5 of 6, axial');
  await viewer.slice.fill('3');
  await expect(caption).toHaveText('Slice 3 of 6, axial');
  await viewer.slice.fill('12');
  await expect(caption, 'the nearest, where there is none').toHaveText('Slice 6 of 6, axial');
  await beside.getByRole('group', { name: 'Slice viewer' }).press('Home');
  await expect(viewer.caption).toHaveText('Slice 1 of 12, axial');
  await expect
    .poll(async () => (await readCanvas(beside.locator('canvas'))).mean)
    .toBeGreaterThan(20);
  await checkAppearance(page, 'series-beside-dark-wide');

  // Slices across each other move by themselves.
  await choice.selectOption('T1 sagittal');
  await expect(caption).toHaveText('Slice 5 of 8, sagittal');
  await viewer.slice.fill('2');
  await expect(viewer.caption).toHaveText('Slice 2 of 12, axial');
  await expect(caption).toHaveText('Slice 5 of 8, sagittal');
  await page.setViewportSize({ width: 390, height: 844 });
  await checkAppearance(page, 'series-beside-dark-narrow');
  await choice.selectOption('Compare with…');
  await expect(beside).toBeHidden();
});

test('the sequences of a case are seen, another is read at a click, and one lies beside it', async ({
  page,
}) => {
  const parts = describePage(page);
  const viewer = describeViewer(page);
  const series = page.locator('.series');
  await page.goto('/');
  await parts.chooser.setInputFiles(
    ['flair', 't1', 't1ce', 't2'].map((name) => ({
      name: `X_001_${name}.nii`,
      mimeType: 'application/octet-stream',
      buffer: makeNifti(24),
    })),
  );
  await expect(parts.studies).toHaveCount(1);
  await expect(parts.headline).toHaveText(DECIDED);
  await expect(series.getByRole('button')).toHaveCount(4);
  const read = series.getByRole('button', { pressed: true });
  await expect(read).toHaveText(/^X_001_t1ce\.niiread · axial · 24 slices · contrast-enhanced T1$/);
  for (const picture of await series.locator('canvas').all()) {
    await expect.poll(async () => (await readCanvas(picture)).mean).toBeGreaterThan(10);
  }
  await checkAppearance(page, 'case-dark-wide');

  const choice = page.getByLabel('Compare with another study or series').first();
  await choice.selectOption('X_001_t2.nii');
  await viewer.slice.fill('9');
  await expect(page.locator('.compared .slice-caption')).toHaveText('Slice 9 of 24, axial');
  await choice.selectOption('Compare with…');

  await series.getByRole('button', { name: /X_001_t2/ }).click();
  await expect(read).toHaveText(/^X_001_t2/);
  await expect(page.locator('.warnings').getByText('read T2')).toBeVisible();
  // What makes the answer less certain stands directly under it.
  await expect(page.locator('.decision-sentences')).toHaveText(
    /The file states T2\..*Tumour probability/s,
  );
  const { input } = await readAnswer(page);
  expect(input.series.map(({ uid }) => uid)).toEqual(['t2', 't1ce', 't1', 'flair']);
});

test('the slices of an archive are scrolled before the service has answered', async ({ page }) => {
  const parts = describePage(page);
  const viewer = describeViewer(page);
  const archive = packZip(makeExamination().map(({ name, buffer }) => [`scans/${name}`, buffer]));
  await page.route('**/api/health*', (route) => route.abort());
  await page.goto('/');
  await parts.chooser.setInputFiles({
    name: 'scans.zip',
    mimeType: 'application/zip',
    buffer: archive,
  });
  await expect(viewer.caption).toHaveText('Slice 7 of 12, axial');
  await expect.poll(async () => (await readCanvas(viewer.canvas)).mean).toBeGreaterThan(20);
  await page.unroute('**/api/health*');
  await expect(parts.headline).toHaveText(DECIDED);
  const picture = page.locator('.series canvas').first();
  await expect.poll(async () => (await readCanvas(picture)).mean).toBeGreaterThan(10);
});
