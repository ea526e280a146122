import { expect, test } from '@playwright/test';
import { describePage } from '../page.js';
import { findSeries, WHY_SKIPPED } from '../scans.js';
import { describeViewer } from '../viewer.js';

// Aims that are told with what is measured; no figure fails, for machines differ.
const FIRST_PICTURE_MS = 1500;
const SCROLL_STEP_MS = 33;
const STEPS = 150;

test('first picture and scroll step of a series of 176 files', async ({ page }) => {
  const series = findSeries();
  test.skip(series === null, WHY_SKIPPED);
  const viewer = describeViewer(page);
  // Before the answer: what the browser does by itself.
  await page.route('**/api/predict*', () => {});
  await page.addInitScript(() => {
    document.addEventListener('change', () => performance.mark('chosen'), { capture: true });
    const observer = new MutationObserver(() => {
      if (!/ of 176/.test(document.querySelector('.slice-caption')?.textContent ?? '')) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => performance.measure('seen', 'chosen')));
    });
    observer.observe(document, { subtree: true, childList: true, characterData: true });
  });
  await page.goto('/');
  await describePage(page).folderChooser.setInputFiles(series);
  await expect(viewer.caption).toHaveText('Slice 89 of 176, sagittal');
  await page.waitForFunction(() => performance.getEntriesByName('seen').length > 0);
  const seenMs = await page.evaluate(() => performance.getEntriesByName('seen')[0].duration);
  console.log(`First picture: ${seenMs.toFixed(0)} ms after the choice (aim ${FIRST_PICTURE_MS})`);

  await viewer.square.press('Home');
  const steps = await viewer.square.evaluate(async (square, count) => {
    const taken = [];
    for (let step = 0; step < count; step += 1) {
      const start = performance.now();
      square.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
      // The frame with the new slice, and its end.
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      taken.push(performance.now() - start);
    }
    return taken.sort((one, other) => one - other);
  }, STEPS);
  const [middle, slow] = [0.5, 0.95].map((share) => steps[Math.floor(share * STEPS)].toFixed(1));
  console.log(
    `Scroll step: ${middle} ms, 95th percentile ${slow} ms, with the frame (aim ${SCROLL_STEP_MS})`,
  );
});
