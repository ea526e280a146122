import { checkAppearance, DECIDED, describePage, expect, test } from '../page.js';
import { findExample } from '../scans.js';

test('a question mark opens the sheet of keys, Escape closes it, the focus comes back', async ({
  page,
}) => {
  await page.goto('/');
  const button = page.getByRole('button', { name: 'Choose files' });
  await button.focus();
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(sheet).toBeVisible();
  await expect(sheet).toContainText('next study');
  for (let step = 0; step < 6; step += 1) {
    await page.keyboard.press('Tab');
    const isOutside = await page.evaluate(
      () =>
        document.activeElement !== document.body &&
        document.activeElement?.closest('dialog') === null,
    );
    expect(isOutside, 'the focus stays in the sheet').toBe(false);
  }
  await checkAppearance(page, 'keys-dark-wide');
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();
  await expect(button).toBeFocused();

  await page.getByRole('button', { name: 'Keys' }).click();
  await page.getByRole('button', { name: 'Close' }).click();
  await expect(page.getByRole('button', { name: 'Keys' })).toBeFocused();
});

test('studies, words, language, theme and model are reached by single keys', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles([
    findExample('phantom-plain.png'),
    findExample('phantom-lesion-a.png'),
  ]);
  await expect(parts.studies.nth(1).locator('.study-step')).toHaveText(DECIDED);
  await page.keyboard.press('j');
  await expect(parts.studies.nth(1).getByRole('button')).toBeFocused();
  await expect(page.getByRole('img', { name: 'Slice phantom-lesion-a.png' })).toBeVisible();
  await page.keyboard.press('j');
  await expect(parts.studies.nth(1).getByRole('button')).toBeFocused();
  await page.keyboard.press('k');
  await expect(parts.studies.nth(0).getByRole('button')).toBeFocused();

  await page.keyboard.press('p');
  await expect(parts.headline).toHaveText(/^The program /);
  await page.keyboard.press('m');
  await expect(page.getByRole('heading', { name: 'About the model' })).toBeFocused();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.press('m');
  await expect(parts.headline).toBeVisible();
  await page.keyboard.press('l');
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await expect(parts.headline).toHaveText(/^Das Programm /);
  await page.keyboard.press('t');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  await page.keyboard.press('?');
  await checkAppearance(page, 'keys-german-light-wide');
});

test('single keys that are turned off stay off the next time', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Keys' }).click();
  await page.getByLabel('Single-key shortcuts are on').uncheck();
  await page.keyboard.press('Escape');
  await page.keyboard.press('t');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('letters that are typed into a field are no commands', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
  await expect(parts.headline).toHaveText(DECIDED);
  const field = page.getByLabel('Of 100 scans, this many show a tumour');
  await field.press('t');
  await expect(field).toHaveValue('t');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});
