import { checkAppearance, describePage, expect, test } from '../page.js';
import { findExample, makeNifti } from '../scans.js';
import { describeViewer, openStudy } from '../viewer.js';

/** @param {string} name @param {number} slices */
function makeVolume(name, slices) {
  return { name, mimeType: 'application/octet-stream', buffer: makeNifti(slices) };
}

/** @param {import('@playwright/test').Page} page */
function describeComparison(page) {
  const beside = page.locator('.compared');
  return {
    choice: page.getByLabel('Compare with another study or series').first(),
    beside,
    caption: beside.locator('.slice-caption'),
    square: beside.getByRole('group', { name: 'Slice viewer' }),
    zoom: beside.locator('.zoom'),
  };
}

test('two volumes scroll together, by relative position', async ({ page }) => {
  const viewer = describeViewer(page);
  const { choice, beside, caption, square, zoom } = describeComparison(page);
  await openStudy(page, makeVolume('first.nii', 41));
  await expect(choice).toBeHidden();
  await describePage(page).chooser.setInputFiles(makeVolume('second.nii', 21));
  await expect(describePage(page).studies.nth(1).locator('.study-step')).toHaveText(
    /likely|seen|certain/,
  );
  await viewer.slice.fill('3');
  await choice.selectOption('first.nii');
  await expect(caption).toHaveText('Slice 5 of 41, axial');
  await expect(beside.getByText('first.nii · ')).toBeVisible();
  await viewer.slice.fill('11');
  await expect(viewer.caption).toHaveText('Slice 11 of 21, axial');
  await expect(caption).toHaveText('Slice 21 of 41, axial');
  await square.focus();
  await page.keyboard.press('PageDown');
  await expect(caption).toHaveText('Slice 31 of 41, axial');
  await expect(viewer.caption).toHaveText('Slice 16 of 21, axial');
  await page.keyboard.press('+');
  await expect(zoom).toHaveText('125 %');
  await expect(viewer.zoom).toHaveText('125 %');
  await checkAppearance(page, 'comparison-dark-wide');
  await page.setViewportSize({ width: 400, height: 800 });
  await checkAppearance(page, 'comparison-dark-narrow');
  const [left, right] = [await viewer.canvas.boundingBox(), await square.boundingBox()];
  expect(right.y, 'one column').toBeGreaterThan(left.y + left.height);
});

test('two pictures are enlarged together, and the comparison ends when the other one is selected', async ({
  page,
}) => {
  const viewer = describeViewer(page);
  const { choice, beside, zoom } = describeComparison(page);
  await openStudy(page, findExample('phantom-lesion-a.png'));
  await describePage(page).chooser.setInputFiles(findExample('phantom-plain.png'));
  await expect(describePage(page).studies.nth(1).locator('.study-step')).toHaveText(
    /likely|seen|certain/,
  );
  await choice.selectOption('phantom-lesion-a.png');
  await expect(beside).toBeVisible();
  await viewer.square.press('+');
  await expect(zoom).toHaveText('125 %');
  await describePage(page).studies.first().getByRole('button').click();
  await expect(beside).toBeHidden();
  await choice.selectOption('phantom-plain.png');
  await expect(beside).toBeVisible();
  await choice.selectOption('Compare with…');
  await expect(beside).toBeHidden();
});
