import { expect, TOLERANCE, test } from '../page.js';
import { findExample } from '../scans.js';
import { describePlanes, describeViewer, openStudy } from '../viewer.js';
import { WITH_WEBGL } from '../webgl.js';

test.use(WITH_WEBGL);

test('the three planes with their heat map look as before', async ({ page }) => {
  const planes = describePlanes(page);
  await openStudy(page, findExample('phantom-volume.nii.gz'));
  await expect(describeViewer(page).loading).toBeHidden();
  await planes.opener.click();
  await expect(planes.panel.getByText(/^Heat map for/)).toBeVisible();
  await expect(page).toHaveScreenshot('planes-dark-wide.png', TOLERANCE);
});
