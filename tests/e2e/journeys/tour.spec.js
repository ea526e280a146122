import { translate } from '../../../frontend/src/i18n/translate.js';
import { checkAppearance, describePage, expect, test } from '../page.js';
import { findExample, makeNifti } from '../scans.js';
import { LOOKS, SIZES, setLook } from '../sizes.js';
import { describeViewer } from '../viewer.js';

const VOLUME = { name: 'head.nii', mimeType: 'application/octet-stream', buffer: makeNifti(40) };

for (const [theme, language] of LOOKS) {
  for (const [width, height] of SIZES) {
    test(`from files to report at ${width} x ${height} (${theme}, ${language})`, async ({
      page,
      context,
    }) => {
      await setLook(page, theme, language);
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.setViewportSize({ width, height });
      /** @param {string} step */
      const check = (step) =>
        checkAppearance(page, `tour-${step}-${theme}-${language}-${width}x${height}`);
      /** @param {import('../../../frontend/src/i18n/translate.js').MessageKey} key */
      const press = (key) =>
        page
          .getByRole('button', { name: translate(key), exact: true })
          .first()
          .click();
      const place = (/** @type {number} */ position) =>
        new RegExp(`^${translate('slice.place', { position, count: 40 })}`);
      const parts = describePage(page);
      const viewer = describeViewer(page);
      const canvas = page.locator('.slice canvas').first();
      const map = page.locator('.heatmap-control input');
      const slice = page.locator('.slice-tools input').first();
      const chooser = page.getByLabel(translate('intake.files'));

      // Slices are seen and scrolled before the answer, which moves nothing.
      let release = () => {};
      const released = new Promise((resolve) => {
        release = () => resolve(undefined);
      });
      await page.route('**/api/predict?*', async (route) => {
        await released;
        await route.continue();
      });
      await page.goto('/');
      await chooser.setInputFiles(VOLUME);
      await expect(viewer.caption).toHaveText(place(21));
      await slice.press('PageDown');
      await slice.press('ArrowDown');
      const before = await viewer.caption.textContent();
      await expect(
        page.getByRole('button', { name: translate('decision.cancel'), exact: true }),
      ).toBeInViewport({ ratio: 1 });
      await check('before');
      release();
      await expect(page.locator('.curve-finding').first()).toBeAttached();
      await expect(viewer.caption).toHaveText(before);

      // Why: the finding, its map, and the figures of the slice.
      await press('viewer.toFinding');
      await expect(viewer.caption).not.toHaveText(before);
      await expect(page.locator('.slice-figures')).toHaveText(/%$/);
      await expect(page.locator('.decision-sentences')).toContainText(/\d+ mm/);
      const side = (await canvas.boundingBox()).width;
      const least = height < 500 ? 240 : 0.55 * Math.min(width, height);
      expect(side).toBeGreaterThanOrEqual(least);
      await map.fill('60');
      await page.locator('.slice-square').press('h');
      await expect(map).toHaveValue('0');
      await page.locator('.slice-square').press('h');
      await expect(map).toHaveValue('45');
      await expect(page.locator('.mark')).toHaveCount(4);
      await expect(page.locator('.scale-bar')).toHaveText(/mm$/);
      await page.locator('.window-menu summary').click();
      await press('viewer.window.full');
      await page.keyboard.press('Escape');
      await expect(viewer.level).toBeHidden();
      await press('viewer.fullScreen');
      await expect
        .poll(() => page.evaluate(() => document.fullscreenElement?.className))
        .toBe('slice');
      await page.evaluate(() => document.exitFullscreen());
      await expect.poll(() => page.evaluate(() => document.fullscreenElement)).toBeNull();
      await check('answer');

      // A second study, in the list and beside the first.
      await chooser.setInputFiles(findExample('phantom-lesion-a.png'));
      await expect(
        page.getByText(translate('studyList.count', { count: 2 }), { exact: true }),
      ).toBeVisible();
      await page
        .getByLabel(translate('studyList.order'))
        .selectOption(translate('studyList.order.probability'));
      await page.locator('.study-list li button').filter({ hasText: 'head.nii' }).click();
      await page.getByLabel(translate('comparison.with')).selectOption('phantom-lesion-a.png');
      await expect(page.locator('.compared-name')).toContainText('phantom-lesion-a.png');
      await check('compared');
      await page.getByLabel(translate('comparison.with')).first().selectOption('');

      // What is taken away.
      await press('export.copyText');
      await expect(page.getByText(translate('export.copied'))).toBeVisible();
      await press('export.report');
      await expect(page.locator('.report-sheet .curve-line').first()).toBeVisible();
      await check('report');
      await page.goBack();

      // In plain words; removed, and taken back; after a reload.
      await press('decision.forPatient');
      await expect(parts.bars).toHaveCount(0);
      await expect(page.locator('.decision')).toContainText(translate('patient.next'));
      await check('patient');
      await press('removal.remove');
      await press('undo.undo');
      await expect(page.locator('.study-list li')).toHaveCount(2);
      await page.reload();
      await expect(page.locator('.study-list li')).toHaveCount(2);
      await expect(page.getByText(translate('slice.notKept'))).toBeVisible();
    });
  }
}
