import { fileURLToPath } from 'node:url';
import { expect, test } from '../page.js';
import { findExample } from '../scans.js';
import { describePlanes, openStudy } from '../viewer.js';

for (const [theme, file] of [
  ['dark', 'page.png'],
  ['light', 'page-light.png'],
]) {
  test(`the README shows the page with a synthetic volume and its heat map: ${file}`, async ({
    page,
  }) => {
    await page.addInitScript((chosen) => localStorage.setItem('tumorscope-theme', chosen), theme);
    await openStudy(page, findExample('phantom-volume.nii.gz'));
    await expect(describePlanes(page).opener).toBeVisible();
    await page.getByRole('heading', { name: 'Tumorscope' }).click();
    await page.evaluate(() => window.scrollTo(0, 0));
    const path = fileURLToPath(new URL(`../../../docs/${file}`, import.meta.url));
    await page.screenshot({ path });
  });
}
