import { checkAppearance, DECIDED, describePage, expect, readAnswer, test } from '../page.js';
import { makeExamination } from '../scans.js';
import { describeViewer, readCanvas } from '../viewer.js';

test('the series of an examination are seen, and another is read at a click', async ({ page }) => {
  const parts = describePage(page);
  const series = page.locator('.series');
  await page.goto('/');
  await parts.chooser.setInputFiles(makeExamination());
  await expect(parts.headline).toHaveText(DECIDED);
  await expect(series.getByRole('button')).toHaveCount(2);
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
  expect(marks[0]).not.toBe(marks[1]);
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
