import { translate } from '../../../frontend/src/i18n/translate.js';
import { describePage, expect, test } from '../page.js';
import { makeExamination } from '../scans.js';
import { expectWhole, findButton, LOOKS, seeEverySize, setLook } from '../sizes.js';

for (const [theme, language] of LOOKS) {
  test(`every layer of the page fits at every size (${theme}, ${language})`, async ({ page }) => {
    const notice = describePage(page).notice;
    await setLook(page, theme, language);
    await page.goto('/');
    await seeEverySize(page, `empty-${language}`, (view) =>
      expectWhole(findButton(page, 'emptyState.chooseFiles'), view),
    );

    await page.getByLabel(translate('intake.files')).setInputFiles(makeExamination());
    const series = page.locator('.series button');
    await expect(series).toHaveCount(3);
    await seeEverySize(page, `series-${language}`, async (view) => {
      for (const one of await series.all()) {
        await one.scrollIntoViewIfNeeded();
        await expectWhole(one, view);
      }
    });

    const menu = page.locator('.window-menu');
    await menu.locator('summary').click();
    await seeEverySize(page, `window-${language}`, async (view) => {
      await menu.locator('.window-panel').scrollIntoViewIfNeeded();
      await expectWhole(menu.locator('.window-panel'), view);
      const { x, y, height } = await notice.boundingBox();
      const top = await page.evaluate(
        ([left, middle]) => document.elementFromPoint(left, middle)?.id,
        [x + 40, y + height / 2],
      );
      expect(top, 'nothing lies over the notice').toBe('notice');
    });
    await page.keyboard.press('Escape');

    await page.keyboard.press('?');
    const sheet = page.getByRole('dialog', { name: translate('keys.title') });
    await seeEverySize(page, `keys-${language}`, (view) => expectWhole(sheet, view));
    await page.keyboard.press('Escape');

    await findButton(page, 'removal.clear').click();
    const question = page.getByRole('dialog', { name: translate('removal.question') });
    await seeEverySize(page, `clear-${language}`, (view) => expectWhole(question, view));
    await page.keyboard.press('Escape');

    await page.keyboard.press('m');
    await expect(page.locator('.model-count').first()).toBeAttached();
    await seeEverySize(page, `model-${language}`, (view) =>
      expectWhole(page.getByRole('heading', { name: translate('model.title') }), view),
    );
  });
}
