import { describePage, expect, test } from '../page.js';

test('full-size images and the volume viewer are not loaded at first', async ({ page }) => {
  await page.goto('/', { waitUntil: 'networkidle' });
  const names = await page.evaluate(() =>
    performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname),
  );
  expect(names.filter((name) => name.endsWith('.webp'))).toHaveLength(4);
  expect(names.filter((name) => name.endsWith('.js'))).toHaveLength(1);
  expect(names.filter((name) => name.endsWith('.png'))).toEqual([]);
});

test('nothing moves for those who asked for that', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('/');
  await page.getByRole('button', { name: /Try: Phantom without lesion/ }).click();
  await expect(describePage(page).bars.first()).toBeVisible();
  const moving = await page.evaluate(() =>
    [...document.querySelectorAll('*')]
      .filter((element) => {
        const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element);
        const turns = transitionDuration.split(', ').some((duration) => duration !== '0s');
        return animationName !== 'none' || turns || scrollBehavior === 'smooth';
      })
      .map(({ tagName, className }) => `${tagName}.${className}`),
  );
  expect(moving).toEqual([]);
});
