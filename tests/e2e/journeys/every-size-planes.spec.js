import { translate } from '../../../frontend/src/i18n/translate.js';
import { expect, test } from '../page.js';
import { findExample } from '../scans.js';
import { expectWhole, findButton, LOOKS, seeEverySize, setLook } from '../sizes.js';
import { WITH_WEBGL } from '../webgl.js';

test.use(WITH_WEBGL);

for (const [theme, language] of LOOKS) {
  test(`the three planes have room at every size (${theme}, ${language})`, async ({ page }) => {
    await setLook(page, theme, language);
    await page.goto('/');
    await page
      .getByLabel(translate('intake.files'))
      .setInputFiles(findExample('phantom-volume.nii.gz'));
    await findButton(page, 'planes.open').click();
    const planes = page.getByRole('region', { name: translate('planes.open') });
    await expect(planes.getByText(translate('heatmap.for', { kind: '' }).trim())).toBeVisible();
    await seeEverySize(page, `planes-${language}`, async (view) => {
      const side = async () => {
        const { width, height } = await planes.getByRole('img').boundingBox();
        return Math.min(width, height);
      };
      await expect.poll(side).toBeGreaterThanOrEqual(240);
      await findButton(page, 'planes.close').scrollIntoViewIfNeeded();
      await expectWhole(findButton(page, 'planes.close'), view);
    });
  });
}
