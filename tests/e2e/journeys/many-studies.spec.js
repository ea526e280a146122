import { readFileSync } from 'node:fs';
import { checkAppearance, DECIDED, describePage, expect, test } from '../page.js';
import { findExample } from '../scans.js';
import { describeViewer } from '../viewer.js';

const NAMES = ['phantom-plain.png', 'phantom-lesion-a.png', 'phantom-lesion-b.png'];

for (const [width, size] of Object.entries({
  wide: { width: 1280, height: 800 },
  narrow: { width: 390, height: 844 },
  across: { width: 844, height: 390 },
})) {
  test(`many studies are counted, sorted and filtered when ${width}`, async ({ page }) => {
    const parts = describePage(page);
    const names = parts.studies.locator('.study-name');
    await page.setViewportSize(size);
    await page.goto('/');
    await parts.chooser.setInputFiles([
      ...NAMES.map((name) => ({
        name,
        mimeType: 'image/png',
        buffer: readFileSync(findExample(name)),
      })),
      { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('This is no picture.') },
    ]);
    await expect(page.getByText(/^[0-3] of 4 analysed$/)).toBeVisible();
    for (const name of NAMES) {
      const study = parts.studies.filter({ hasText: name });
      await expect(study.locator('.study-step')).toHaveText(DECIDED);
    }
    await expect(page.getByText('4 studies', { exact: true })).toBeVisible();
    await page.getByLabel('Sort the studies').selectOption('by probability');
    await expect(names.last()).toHaveText('notes.png');
    const figures = await parts.studies.locator('.study-step').allTextContents();
    const percentages = figures.slice(0, 3).map((text) => Number(/(\d+)\s%$/.exec(text)[1]));
    expect(percentages).toEqual(percentages.toSorted((one, other) => other - one));
    await checkAppearance(page, `many-studies-${width}`);

    // The keys follow the list as it is seen.
    await parts.studies.first().getByRole('button').click();
    await page.keyboard.press('j');
    await expect(parts.studies.nth(1).getByRole('button')).toBeFocused();

    await page.getByLabel('Show only').selectOption('Failed');
    await expect(names).toHaveText(['notes.png']);
    await expect(page.getByText('1 of 4 studies', { exact: true })).toBeVisible();
    await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
    await expect(parts.studies).toHaveCount(5);
  });
}

for (const theme of ['dark', 'light']) {
  test(`on a phone held across twenty studies scroll beside the whole scan (${theme})`, async ({
    page,
  }) => {
    const parts = describePage(page);
    const { canvas } = describeViewer(page);
    const buffer = readFileSync(findExample('phantom-lesion-a.png'));
    const names = Array.from({ length: 20 }, (_, at) => `scan-${at}.png`);
    await page.setViewportSize({ width: 844, height: 390 });
    await page.addInitScript((chosen) => localStorage.setItem('tumorscope-theme', chosen), theme);
    await page.goto('/');
    await parts.chooser.setInputFiles(
      names.map((name) => ({ name, mimeType: 'image/png', buffer })),
    );
    await expect(parts.studies.last().locator('.study-step')).toHaveText(DECIDED);
    const expectWhole = async () => {
      const { y, width, height } = await canvas.boundingBox();
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(240);
      expect(y + height).toBeLessThanOrEqual((await parts.notice.boundingBox()).y);
    };
    await expectWhole();
    await checkAppearance(page, `many-studies-across-${theme}`);

    // The list scrolls by itself: the page, and with it the scan, stay.
    await parts.studies.last().getByRole('button').click();
    await expect(page.getByRole('img', { name: 'Slice scan-19.png' })).toBeVisible();
    await expect(parts.studies.last()).toBeInViewport({ ratio: 1 });
    expect(await page.evaluate(() => window.scrollY)).toBe(0);
    await expectWhole();
    await checkAppearance(page, `many-studies-across-end-${theme}`);
  });
}
