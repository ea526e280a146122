import { DECIDED, describePage, expect, test } from '../page.js';
import { findExample } from '../scans.js';

const SIZES = {
  wide: { width: 1280, height: 800 },
  narrow: { width: 390, height: 844 },
};
// Letters and rounding differ between machines, and the engine's digits with them; a part that is missing, moved or of
// another colour is more.
const TOLERANCE = { maxDiffPixelRatio: 0.06, threshold: 0.25 };

for (const theme of ['dark', 'light']) {
  for (const [width, size] of Object.entries(SIZES)) {
    test(`the page looks as before when ${theme} and ${width}`, async ({ page }) => {
      const parts = describePage(page);
      await page.setViewportSize(size);
      await page.addInitScript((chosen) => localStorage.setItem('tumorscope-theme', chosen), theme);
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
