import { readFileSync } from 'node:fs';
import { DECIDED, describePage, expect, TOLERANCE, test } from '../page.js';
import { findExample } from '../scans.js';
import { describeViewer, openStudy } from '../viewer.js';

const SIZES = {
  wide: { width: 1280, height: 800 },
  narrow: { width: 390, height: 844 },
  across: { width: 844, height: 390 },
};

/**
 * @param {import('@playwright/test').Page} page
 * @param {string} theme
 */
function choose(page, theme) {
  return page.addInitScript((chosen) => localStorage.setItem('tumorscope-theme', chosen), theme);
}

for (const theme of ['dark', 'light']) {
  for (const width of ['wide', 'narrow']) {
    test(`the page looks as before when ${theme} and ${width}`, async ({ page }) => {
      const parts = describePage(page);
      await page.setViewportSize(SIZES[width]);
      await choose(page, theme);
      await page.goto('/');
      await expect(parts.serviceState).toHaveText(/^service ready/);
      await expect(page).toHaveScreenshot(`empty-${theme}-${width}.png`, TOLERANCE);

      await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
      await expect(parts.headline).toHaveText(DECIDED);
      await expect(parts.opacity).toBeVisible();
      await parts.opacity.fill('0');
      await page.evaluate(() => window.scrollTo(0, 0));
      await expect(page).toHaveScreenshot(`result-${theme}-${width}.png`, TOLERANCE);
    });
  }
}

for (const [theme, width] of [
  ['dark', 'wide'],
  ['light', 'narrow'],
]) {
  test(`a volume with its curve and its report look as before when ${theme} and ${width}`, async ({
    page,
  }) => {
    await page.setViewportSize(SIZES[width]);
    await choose(page, theme);
    await openStudy(page, findExample('phantom-volume.nii.gz'));
    await expect(describeViewer(page).loading).toBeHidden();
    await describePage(page).opacity.fill('0');
    await page.evaluate(() => window.scrollTo(0, 0));
    await expect(page).toHaveScreenshot(`volume-${theme}-${width}.png`, TOLERANCE);

    await page.getByRole('button', { name: 'Report', exact: true }).click();
    await expect(page.locator('.report-pictures canvas')).toHaveCount(2);
    await expect(page).toHaveScreenshot(`report-${theme}-${width}.png`, TOLERANCE);
  });
}

for (const [theme, width] of [
  ['dark', 'across'],
  ['light', 'narrow'],
]) {
  test(`a list of studies, plain words and a failure look as before when ${theme} and ${width}`, async ({
    page,
  }) => {
    const parts = describePage(page);
    const buffer = readFileSync(findExample('phantom-lesion-a.png'));
    await page.setViewportSize(SIZES[width]);
    await choose(page, theme);
    await page.goto('/');
    await parts.chooser.setInputFiles([
      ...Array.from({ length: 11 }, (_, at) => ({
        name: `scan-${at}.png`,
        mimeType: 'image/png',
        buffer,
      })),
      { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('This is no picture.') },
    ]);
    await expect(page.getByText('12 studies', { exact: true })).toBeVisible();
    await parts.opacity.fill('0');
    await page.evaluate(() => window.scrollTo(0, 0));
    await expect(page).toHaveScreenshot(`studies-${theme}-${width}.png`, TOLERANCE);

    await page.getByRole('button', { name: 'Show in plain words' }).click();
    await page.evaluate(() => window.scrollTo(0, 0));
    await expect(page).toHaveScreenshot(`patient-${theme}-${width}.png`, TOLERANCE);

    await parts.studies.last().getByRole('button').click();
    await page.evaluate(() => window.scrollTo(0, 0));
    await expect(page).toHaveScreenshot(`failure-${theme}-${width}.png`, TOLERANCE);
  });
}
