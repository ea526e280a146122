import { readFileSync } from 'node:fs';
import { DECIDED, describePage, expect, test } from '../page.js';
import { findExample } from '../scans.js';

const STUDIES = 30;
const MOST_MB = 150;

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

test('thirty studies take little memory', async ({ page }) => {
  test.slow();
  const parts = describePage(page);
  const buffer = readFileSync(findExample('phantom-lesion-a.png'));
  const names = Array.from({ length: STUDIES }, (_, at) => `scan-${at}.png`);
  await page.goto('/');
  await parts.chooser.setInputFiles(names.map((name) => ({ name, mimeType: 'image/png', buffer })));
  await expect(parts.studies.last().locator('.study-step')).toHaveText(DECIDED, {
    timeout: 200_000,
  });
  const session = await page.context().newCDPSession(page);
  // Each is seen, so that its picture and its map are decoded.
  for (let at = 0; at < STUDIES; at += 1) {
    await parts.studies.nth(at).getByRole('button').click();
    await expect(page.getByRole('img', { name: `Slice scan-${at}.png` })).toBeVisible();
  }
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize, embedderHeapUsedSize, backingStorageSize } =
    await session.send('Runtime.getHeapUsage');
  const usedMb = (usedSize + embedderHeapUsedSize + backingStorageSize) / 1e6;
  console.log(`Heap of ${STUDIES} studies: ${usedMb.toFixed(0)} MB (at most ${MOST_MB})`);
  expect(usedMb).toBeLessThan(MOST_MB);
});
