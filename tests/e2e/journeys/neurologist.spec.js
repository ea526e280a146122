import { checkAppearance, DECIDED, describePage, expect, readAnswer, test } from '../page.js';
import { findCase, findScans, WHY_SKIPPED } from '../scans.js';

test('a neurologist reads a BraTS case, sees its heat map, and exports the session', async ({
  page,
}) => {
  const folder = findCase();
  test.skip(folder === null, WHY_SKIPPED);
  test.slow();
  const parts = describePage(page);
  await page.goto('/');
  await parts.folderChooser.setInputFiles(folder);
  await expect(parts.studies).toHaveCount(1);
  await expect(parts.studies.locator('.study-name')).toHaveText('BraTS-GLI-00001-000');
  await expect(parts.headline).toHaveText(DECIDED);
  const answer = await readAnswer(page);
  expect(answer.input.format).toBe('nifti');
  expect(answer.input.slice_count).toBe(155);
  await expect(page.locator('.slice-caption')).toHaveText(/^Slice \d+ of 155, axial$/);
  await expect(page.locator('.slice-curve')).toBeVisible();
  await expect(parts.opacity).toBeVisible();
  await parts.opacity.fill('80');
  await expect(page.getByLabel('Of 100 scans, this many show a tumour')).toBeHidden();
  await checkAppearance(page, 'neurologist-case');

  await parts.chooser.setInputFiles(findScans('meningioma', 1));
  await expect(parts.studies.nth(1).locator('.study-step')).toHaveText(DECIDED);
  const [table] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'All studies as CSV' }).click(),
  ]);
  expect(table.suggestedFilename()).toMatch(/^tumorscope-\d{4}-\d\d-\d\d\.csv$/);

  await parts.studies.nth(0).getByRole('button').click();
  await expect(page.locator('.slice-caption')).toHaveText(/^Slice \d+ of 155, axial$/);
  await page.getByRole('button', { name: 'Report', exact: true }).click();
  await expect(page.locator('.report-pictures canvas')).toHaveCount(2);
  await checkAppearance(page, 'neurologist-report');
});
