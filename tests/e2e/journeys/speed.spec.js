import { describePage, expect, test } from '../page.js';

const MOST_MS = 1000;
const LOADS = 3;

test('the page can be used within a second of being asked for', async ({ page }) => {
  const times = [];
  for (let load = 0; load < LOADS; load += 1) {
    await page.goto('/');
    await expect(page.getByRole('button', { name: 'Choose files' })).toBeEnabled();
    // The page's script has run to its end, and listens, before this moment.
    times.push(
      await page.evaluate(() => performance.getEntriesByType('navigation')[0].domComplete),
    );
  }
  const median = times.toSorted((one, other) => one - other)[Math.floor(LOADS / 2)];
  expect(median).toBeGreaterThan(0);
  expect(median).toBeLessThan(MOST_MS);
});

test('full-size images and the volume viewer are not loaded at first', async ({ page }) => {
  await page.goto('/', { waitUntil: 'networkidle' });
  const names = await page.evaluate(() =>
    performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname),
  );
  expect(names.filter((name) => name.endsWith('.webp'))).toHaveLength(3);
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
