import { readFileSync } from 'node:fs';
import { checkAppearance, DECIDED, describePage, expect, readAnswer, test } from '../page.js';
import { findSeries, WHY_SKIPPED } from '../scans.js';

test('a radiographer reads a DICOM series, exports the report and the answer and clears the session', async ({
  page,
}) => {
  const series = findSeries();
  test.skip(series === null, WHY_SKIPPED);
  test.slow();
  const parts = describePage(page);
  await page.goto('/');
  await parts.folderChooser.setInputFiles(series);
  await expect(parts.studies.locator('.study-name')).toHaveText('t1_mprage_series (176 files)');
  await expect(parts.studies.locator('.study-step')).toHaveText(/^reading slice \d+ of \d+$/);
  await expect(parts.headline).toHaveText(DECIDED);
  await expect(page.locator('.slice-curve')).toBeVisible();
  await checkAppearance(page, 'radiographer-result');

  const answer = await readAnswer(page);
  const [json] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download JSON' }).click(),
  ]);
  expect(json.suggestedFilename()).toBe('t1_mprage_series (176 files).prediction.json');
  expect(JSON.parse(readFileSync(await json.path(), 'utf8'))).toEqual(answer);

  await page.getByRole('button', { name: 'Report', exact: true }).click();
  await page.getByLabel('Examination').fill('MR head, T1 MPRAGE, screening');
  await expect(page.locator('.report-pictures canvas')).not.toHaveCount(0);
  await expect(page.locator('.report')).toContainText(answer.input.sha256);
  await checkAppearance(page, 'radiographer-report');
  await page.getByRole('button', { name: 'Back to the study' }).click();

  await page.getByRole('button', { name: 'Clear the session' }).click();
  await page.getByRole('button', { name: 'Remove all' }).click();
  await expect(page.getByRole('heading', { name: 'Drop a brain MRI here' })).toBeVisible();
});
