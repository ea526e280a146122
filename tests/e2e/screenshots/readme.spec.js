import { fileURLToPath } from 'node:url';
import { DECIDED, describePage, expect, test } from '../page.js';
import { findExample } from '../scans.js';
import { describePlanes } from '../viewer.js';

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 844 };

const SLICE = 'phantom-lesion-a.png';
const VOLUME = 'phantom-volume.nii.gz';

for (const { file, scan, theme, size } of [
  { file: 'page.png', scan: VOLUME, theme: 'dark', size: WIDE },
  { file: 'page-light.png', scan: VOLUME, theme: 'light', size: WIDE },
  { file: 'page-narrow.png', scan: SLICE, theme: 'dark', size: NARROW },
]) {
  test(`the README shows the page with a synthetic scan and its overlay: ${file}`, async ({
    page,
  }) => {
    const parts = describePage(page);
    await page.setViewportSize(size);
    await page.addInitScript((chosen) => localStorage.setItem('tumorscope-theme', chosen), theme);
    await page.goto('/');
    await parts.chooser.setInputFiles(findExample(scan));
    await expect(parts.headline).toHaveText(DECIDED);
    await expect(parts.opacity).toBeVisible();
    if (scan === VOLUME) await expect(describePlanes(page).opener).toBeVisible();
    else await page.getByLabel('Of 100 scans, this many show a tumour').fill('5');
    await page.getByRole('heading', { name: 'Tumorscope' }).click();
    await page.evaluate(() => window.scrollTo(0, 0));
    const path = fileURLToPath(new URL(`../../../docs/${file}`, import.meta.url));
    await page.screenshot({ path });
  });
}
