import { checkAppearance, DECIDED, describePage, expect, test } from '../page.js';
import { findExample, findScans } from '../scans.js';

const WIDTHS = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };

for (const look of ['dark', 'light']) {
  for (const [width, viewport] of Object.entries(WIDTHS)) {
    test(`the page is sound when ${look} and ${width}: empty, result, failure`, async ({
      page,
    }) => {
      const parts = describePage(page);
      await page.setViewportSize(viewport);
      await page.goto('/');
      if (look === 'light') await page.getByRole('button', { name: 'Light look' }).click();
      await expect(page.locator('html')).toHaveAttribute('data-look', look);
      await expect(parts.serviceState).toHaveText(/^service ready/);
      await checkAppearance(page, `empty-${look}-${width}`);

      const scans = [...findScans('glioma', 1), ...findScans('no_tumor', 1)];
      await parts.chooser.setInputFiles(
        scans.length > 0 ? scans : [findExample('phantom-lesion-a.png')],
      );
      for (const study of await parts.studies.all()) {
        await expect(study.locator('.study-step')).toHaveText(DECIDED);
      }
      await checkAppearance(page, `result-${look}-${width}`);

      await parts.chooser.setInputFiles({
        name: 'notes.png',
        mimeType: 'image/png',
        buffer: Buffer.from('This is no picture.'),
      });
      await expect(parts.trace).toHaveText(/^unsupported_format/);
      await checkAppearance(page, `failure-${look}-${width}`);
    });
  }
}

test('on a narrow screen the decision comes before the slice, and the slice before the bars', async ({
  page,
}) => {
  await page.setViewportSize(WIDTHS.narrow);
  await page.goto('/');
  await page.getByRole('button', { name: /Try: Plain phantom/ }).click();
  await expect(describePage(page).headline).toHaveText(DECIDED);
  const tops = [];
  for (const part of ['.study-list', '.decision', '.slice', '.probability-bars', '.answer']) {
    tops.push((await page.locator(part).boundingBox()).y);
  }
  expect(tops).toEqual(tops.toSorted((one, other) => one - other));
});

test('the chosen look is kept when the page is opened again', async ({ page }) => {
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('data-look', 'dark');
  await page.getByRole('button', { name: 'Light look' }).click();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Dark look' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-look', 'light');
});
