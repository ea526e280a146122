import { fileURLToPath } from 'node:url';
import { DECIDED, describePage, expect, test } from '../page.js';
import { findExample } from '../scans.js';

test('the README shows the page with a synthetic slice', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
  await expect(parts.headline).toHaveText(DECIDED);
  await expect(parts.opacity).toBeVisible();
  await page.getByLabel('Of 100 pictures, a tumour is in').fill('5');
  await page.getByRole('heading', { name: 'Tumorscope' }).click();
  const path = fileURLToPath(new URL('../../../docs/page.png', import.meta.url));
  await page.screenshot({ path });
});
