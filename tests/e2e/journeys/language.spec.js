import { makePrediction } from '../../frontend/factories.mjs';
import { checkAppearance, DECIDED, describePage, expect, test } from '../page.js';
import { findExample } from '../scans.js';

const GERMAN_DECIDED =
  /^(Tumor wahrscheinlich|Kein Tumor erkannt|Nicht sicher|Das sieht nicht wie)/;

/** @param {import('@playwright/test').Page} page */
function chooseGerman(page) {
  return page.getByRole('button', { name: 'DE', exact: true }).click();
}

test('German can be chosen in the middle of a session, and its result stays', async ({ page }) => {
  const parts = describePage(page);
  let requests = 0;
  page.on('request', (request) => {
    if (request.url().includes('/api/predict?')) requests += 1;
  });
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await parts.chooser.setInputFiles([
    findExample('phantom-plain.png'),
    findExample('phantom-lesion-a.png'),
  ]);
  await expect(parts.studies.nth(1).locator('.study-step')).toHaveText(DECIDED);
  await parts.studies.nth(1).getByRole('button').click();

  await chooseGerman(page);
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await expect(page.getByRole('button', { name: 'DE', exact: true })).toBeFocused();
  await expect(parts.headline).toHaveText(GERMAN_DECIDED);
  const rows = page.getByRole('navigation', { name: 'Studien' }).getByRole('listitem');
  await expect(rows.nth(0).locator('.study-step')).toHaveText(GERMAN_DECIDED);
  await expect(rows.nth(1).getByRole('button')).toHaveAttribute('aria-current', 'true');
  await expect(page.getByRole('img', { name: 'Schicht phantom-lesion-a.png' })).toBeVisible();
  await expect(page.getByText('In Erprobung. Nicht zur Diagnose bestimmt.')).toBeInViewport();
  expect(requests).toBe(2);

  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await expect(rows.nth(1).locator('.study-step')).toHaveText(GERMAN_DECIDED);
  expect(requests).toBe(2);
});

test('an analysis that runs goes on when the language is changed', async ({ page }) => {
  const parts = describePage(page);
  let held;
  await page.route('**/api/predict?*', (route) => {
    held = route;
  });
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
  await expect.poll(() => held !== undefined).toBe(true);
  await chooseGerman(page);
  await expect(parts.headline).toHaveText(/^Lädt hoch/);
  await held.continue();
  await expect(parts.headline).toHaveText(GERMAN_DECIDED);
});

test('an open report follows the language, and typed text stays', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
  await expect(parts.headline).toHaveText(DECIDED);
  await page.getByRole('button', { name: 'Report', exact: true }).click();
  await page.getByLabel('Name', { exact: true }).fill('A. Example');
  await page.getByLabel('Date of birth').fill('1970-12-31');
  await chooseGerman(page);
  await expect(page.locator('.report-headline')).toHaveText(GERMAN_DECIDED);
  await expect(page.getByLabel('Geburtsdatum')).toHaveValue('1970-12-31');
  await expect(page.locator('.report-typed').getByText('31. Dezember 1970')).toHaveCount(1);
  await expect(page.locator('.report-typed').getByText('A. Example')).toHaveCount(1);
});

test('after a change of language a dropped file is taken once', async ({ page }) => {
  await page.goto('/');
  await chooseGerman(page);
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['no picture'], 'notes.png', { type: 'image/png' }));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true }));
  });
  const rows = page.getByRole('navigation', { name: 'Studien' }).getByRole('listitem');
  await expect(rows).toHaveCount(1);
  await expect(rows.locator('.study-step')).toHaveText('fehlgeschlagen');
  await expect(rows).toHaveCount(1);
});

test('text of the service is marked as English on the German page', async ({ page }) => {
  const reasons = [
    { code: 'low_confidence', message: 'Known.', params: {}, patient_message: 'Known.' },
    { code: 'brand_new', message: 'A new reason.', params: {}, patient_message: 'A new reason.' },
  ];
  await page.route('**/api/predict?*', (route) =>
    route.fulfill({ json: makePrediction({ decision: 'uncertain', label: null, reasons }) }),
  );
  await page.goto('/');
  await chooseGerman(page);
  await page.getByLabel('Dateien zum Auswerten').setInputFiles(findExample('phantom-plain.png'));
  await expect(page.getByText('A new reason.', { exact: true })).toHaveAttribute('lang', 'en');
  await expect(
    page.getByText('nicht wahrscheinlich genug, um als Antwort zu gelten'),
  ).not.toHaveAttribute('lang');
});

test.describe('in a browser that speaks German', () => {
  test.use({ locale: 'de-DE' });

  test('the page is German from the start', async ({ page }) => {
    await page.goto('/');
    await expect(page.locator('html')).toHaveAttribute('lang', 'de');
    await expect(page).toHaveTitle(/Schädel-MRT/);
  });
});

for (const theme of ['dark', 'light']) {
  for (const [width, viewport] of Object.entries({
    wide: { width: 1280, height: 800 },
    narrow: { width: 390, height: 844 },
  })) {
    test(`the German page is sound when ${theme} and ${width}`, async ({ page }) => {
      await page.setViewportSize(viewport);
      await page.goto('/');
      await chooseGerman(page);
      if (theme === 'light') await page.getByRole('button', { name: 'Hell' }).click();
      await checkAppearance(page, `german-empty-${theme}-${width}`);
      await page
        .getByLabel('Dateien zum Auswerten')
        .setInputFiles(findExample('phantom-lesion-a.png'));
      await expect(describePage(page).headline).toHaveText(GERMAN_DECIDED);
      await checkAppearance(page, `german-result-${theme}-${width}`);
    });
  }
}
