import { DECIDED, describePage, expect, test } from '../page.js';
import { findExample } from '../scans.js';

const MOST_STEPS = 40;

/**
 * Steps with Tab to the control of that name, as a person without a mouse does.
 * @param {import('@playwright/test').Page} page
 * @param {RegExp} name
 */
async function tabTo(page, name) {
  for (let step = 0; step < MOST_STEPS; step += 1) {
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus');
    const words = (await focused.count()) > 0 ? await focused.textContent() : '';
    if (!name.test(words)) continue;
    const outline = await focused.evaluate((element) => getComputedStyle(element).outlineStyle);
    expect(outline, `focus is seen on ${name}`).toBe('solid');
    return;
  }
  throw new Error(`Tab does not lead to ${name}`);
}

test('everything can be done with the keyboard alone', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  // Asked for early: Chromium is told of it by a message that an immediate key press can overtake.
  const choosing = page.waitForEvent('filechooser');
  await tabTo(page, /^Choose files/);
  await page.keyboard.press('Enter');
  await (await choosing).setFiles([
    findExample('phantom-plain.png'),
    findExample('phantom-lesion-a.png'),
  ]);
  await expect(parts.studies.nth(0).getByRole('button')).toBeFocused();
  await expect(parts.studies.nth(1).locator('.study-step')).toHaveText(DECIDED);

  await page.keyboard.press('ArrowDown');
  await expect(parts.studies.nth(1).getByRole('button')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('img', { name: 'Slice phantom-lesion-a.png' })).toBeVisible();

  await tabTo(page, /^JSON/);
  await page.keyboard.press('Enter');
  await expect(parts.json).toBeVisible();

  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    tabTo(page, /^Download JSON/).then(() => page.keyboard.press('Enter')),
  ]);
  expect(saved.suggestedFilename()).toBe('phantom-lesion-a.png.prediction.json');

  await tabTo(page, /^Report/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: /^Report: / })).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Name', { exact: true })).toBeFocused();
  await page.keyboard.type('A. Example');
  await page.evaluate(() => {
    window.print = () => document.body.classList.add('printed');
  });
  await tabTo(page, /^Print or save as PDF/);
  await page.keyboard.press('Enter');
  await expect(page.locator('body')).toHaveClass('printed');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Report', exact: true })).toBeFocused();

  await tabTo(page, /^Clear the session/);
  await page.keyboard.press('Enter');
  await tabTo(page, /^Remove all/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Choose files' })).toBeFocused();

  await page.reload();
  await tabTo(page, /^Light theme/);
  await page.keyboard.press('Space');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
});

test('each step and the decision are announced', async ({ page }) => {
  await page.goto('/');
  await page.evaluate(() => {
    const region = document.getElementById('announcements');
    window.announced = [];
    new MutationObserver(() => window.announced.push(region.textContent)).observe(region, {
      childList: true,
    });
  });
  const parts = describePage(page);
  await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
  await expect(parts.headline).toHaveText(DECIDED);
  const announced = await page.evaluate(() => window.announced);
  expect(announced).toContain('phantom-plain.png: Analysing');
  expect(announced.at(-1)).toBe(`phantom-plain.png: ${await parts.headline.textContent()}`);
});
