import { fileURLToPath } from 'node:url';
import { DECIDED, describePage, expect, test } from '../page.js';
import { findExample } from '../scans.js';

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 844 };

for (const { file, theme, size } of [
  { file: 'page.png', theme: 'dark', size: WIDE },
  { file: 'page-light.png', theme: 'light', size: WIDE },
  { file: 'page-narrow.png', theme: 'dark', size: NARROW },
]) {
  test(`the README shows the page with a synthetic slice and its overlay: ${file}`, async ({
    page,
  }) => {
    const parts = describePage(page);
    await page.setViewportSize(size);
    await page.addInitScript((chosen) => localStorage.setItem('tumorscope-theme', chosen), theme);
    await page.goto('/');
    await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
    await expect(parts.headline).toHaveText(DECIDED);
    await expect(parts.opacity).toBeVisible();
    await page.getByLabel('Of 100 scans, this many show a tumour').fill('5');
    await page.getByRole('heading', { name: 'Tumorscope' }).click();
    await page.evaluate(() => window.scrollTo(0, 0));
    const path = fileURLToPath(new URL(`../../../docs/${file}`, import.meta.url));
    await page.screenshot({ path });
  });
}
