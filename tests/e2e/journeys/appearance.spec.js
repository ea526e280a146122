import { changeHealth, checkAppearance, DECIDED, describePage, expect, test } from '../page.js';
import { findExample, findScans } from '../scans.js';

const WIDTHS = {
  wide: { width: 1280, height: 800 },
  narrow: { width: 390, height: 844 },
  // What is left of the wide one at 200 %.
  zoomed: { width: 640, height: 400 },
};

for (const theme of ['dark', 'light']) {
  for (const [width, viewport] of Object.entries(WIDTHS)) {
    test(`the page is sound when ${theme} and ${width}: empty, result, failure`, async ({
      page,
    }) => {
      const parts = describePage(page);
      await page.setViewportSize(viewport);
      await page.goto('/');
      if (theme === 'light') await page.getByRole('button', { name: 'Light theme' }).click();
      await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
      await expect(parts.serviceState).toHaveText(/^service ready/);
      await checkAppearance(page, `empty-${theme}-${width}`);

      const scans = [...findScans('glioma', 1), ...findScans('no_tumor', 1)];
      await parts.chooser.setInputFiles(
        scans.length > 0 ? scans : [findExample('phantom-lesion-a.png')],
      );
      for (const study of await parts.studies.all()) {
        await expect(study.locator('.study-step')).toHaveText(DECIDED);
      }
      await checkAppearance(page, `result-${theme}-${width}`);

      await parts.chooser.setInputFiles({
        name: 'notes.png',
        mimeType: 'image/png',
        buffer: Buffer.from('This is no picture.'),
      });
      await expect(parts.trace).toHaveText(/^unsupported_format/);
      await checkAppearance(page, `failure-${theme}-${width}`);
    });

    test(`the page is sound when ${theme} and ${width}: another model, busy, before the session is cleared`, async ({
      page,
    }) => {
      const parts = describePage(page);
      await page.setViewportSize(viewport);
      await page.goto('/');
      if (theme === 'light') await page.getByRole('button', { name: 'Light theme' }).click();
      await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
      await expect(parts.headline).toHaveText(DECIDED);
      await changeHealth(page, ({ model }) => ({
        model: { ...model, version: '99.0.0', sha256: 'ff' },
        queue_depth: 7,
      }));
      await page.evaluate(() => window.dispatchEvent(new Event('online')));
      await expect(page.getByText('The model changed to version 99.0.0')).toBeVisible();
      await expect(parts.serviceState).toHaveText(/^busy: 7 in queue/);
      await checkAppearance(page, `another-model-${theme}-${width}`);

      await page.route('**/api/predict?*', (route) =>
        route.fulfill({
          status: 503,
          contentType: 'application/problem+json',
          headers: { 'Retry-After': '120' },
          body: JSON.stringify({ title: 'x', code: 'overloaded', detail: 'x', request_id: 'abc' }),
        }),
      );
      await page.getByRole('button', { name: 'Analyse again' }).click();
      await expect(parts.headline).toHaveText('The service is busy');
      await checkAppearance(page, `busy-${theme}-${width}`);

      await page.getByRole('button', { name: 'Clear the session' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
      await checkAppearance(page, `removal-${theme}-${width}`);
    });
  }
}

test('on a narrow screen the decision comes before the slice, and the slice before the bars', async ({
  page,
}) => {
  await page.setViewportSize(WIDTHS.narrow);
  await page.goto('/');
  await page.getByRole('button', { name: /Try: Phantom without lesion/ }).click();
  await expect(describePage(page).headline).toHaveText(DECIDED);
  const tops = [];
  for (const part of ['.study-list', '.decision', '.slice', '.probability-bars', '.answer']) {
    tops.push((await page.locator(part).boundingBox()).y);
  }
  expect(tops).toEqual(tops.toSorted((one, other) => one - other));
});

test('the chosen theme is kept when the page is opened again', async ({ page }) => {
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.getByRole('button', { name: 'Light theme' }).click();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Dark theme' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
});
