import { checkAppearance, describePage, expect, test } from '../page.js';
import { findScans, WHY_SKIPPED } from '../scans.js';

const SAID = /^(The program (sees|is not sure)|This does not look like a brain MRI)/;

for (const theme of ['dark', 'light']) {
  test(`a patient reads one JPEG on a telephone, in plain words (${theme})`, async ({ page }) => {
    const [scan] = findScans('pituitary', 1);
    test.skip(scan === undefined, WHY_SKIPPED);
    const parts = describePage(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto('/');
    if (theme === 'light') await page.getByRole('button', { name: 'Light theme' }).click();
    const promise = page.locator('.empty-state').getByText(/^Nothing is stored: when you close/);
    await expect(promise).toBeVisible();
    await parts.chooser.setInputFiles(scan);
    await page.getByRole('button', { name: 'Show in plain words' }).click();
    await expect(parts.headline).toHaveText(SAID);
    await expect(parts.notice).toBeInViewport({ ratio: 1 });
    await expect(page.locator('.studies')).not.toContainText(/pituitary|glioma|meningioma/, {
      useInnerText: true,
    });
    await checkAppearance(page, `patient-result-${theme}`);

    await page.getByRole('button', { name: 'Report', exact: true }).click();
    await page.getByLabel('Name', { exact: true }).fill('A. Example');
    await expect(page.locator('.report-headline')).toHaveText(SAID);
    await expect(page.locator('.report-sheet')).not.toContainText(/pituitary|SHA-256/);
    await expect(page.locator('.report-sheet .probability-bars')).toHaveCount(0);
    await checkAppearance(page, `patient-report-${theme}`);
    await page.getByRole('button', { name: 'Back to the study' }).click();

    await page.getByRole('button', { name: 'Remove this study' }).click();
    await expect(page.getByRole('heading', { name: 'Drop a brain MRI here' })).toBeVisible();
  });
}
