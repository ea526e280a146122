import { readFileSync } from 'node:fs';
import { makePrediction } from '../../frontend/factories.mjs';
import { DECIDED, describePage, expect, test } from '../page.js';
import { findExample, makeDicom, readGreyPng } from '../scans.js';

const HEADERS = JSON.parse(
  readFileSync(new URL('../../../frontend/security-headers.json', import.meta.url), 'utf8'),
);

test('the page is served with its security headers @smoke', async ({ request }) => {
  const response = await request.get('/');
  expect(response.headers()).toMatchObject(
    Object.fromEntries(Object.entries(HEADERS).map(([name, value]) => [name.toLowerCase(), value])),
  );
});

test('an unknown path is not the page', async ({ request }) => {
  expect((await request.get('/no-such-page')).status()).toBe(404);
});

// Markup, a handler and a formula, as a file, a device or a service might hold them.
const HOSTILE = `<img src=x onerror="document.title='hit'"><script>document.title='hit'</script>`;

/** @param {import('@playwright/test').Page} page */
async function expectOnlyText(page) {
  await expect(page.locator('img[src="x"], body script')).toHaveCount(0);
  await expect(page).not.toHaveTitle('hit');
}

test('a DICOM whose patient and series names are markup is analysed, and nothing runs', async ({
  page,
}) => {
  const parts = describePage(page);
  const { width, pixels } = readGreyPng(findExample('phantom-lesion-a.png'));
  const texts = { patientName: HOSTILE, seriesDescription: HOSTILE.slice(0, 60) };
  await page.goto('/');
  await parts.chooser.setInputFiles({
    name: `${HOSTILE}.dcm`,
    mimeType: 'application/dicom',
    buffer: makeDicom(pixels, width, '1\\0\\0\\0\\1\\0', texts),
  });
  await expect(parts.headline).toHaveText(DECIDED);
  await expect(parts.studies.locator('.study-name')).toHaveText(`${HOSTILE}.dcm`);
  await page.getByRole('button', { name: 'Report', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Report: <img' })).toBeVisible();
  await expectOnlyText(page);
});

test('the text of the service about a failure is shown as text, whatever it contains', async ({
  page,
}) => {
  const parts = describePage(page);
  const problem = { title: HOSTILE, status: 418, code: HOSTILE, detail: HOSTILE };
  await page.route('**/api/predict?*', (route) =>
    route.fulfill({
      status: 418,
      contentType: 'application/problem+json',
      body: JSON.stringify({ ...problem, request_id: HOSTILE }),
    }),
  );
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
  await expect(parts.headline).toHaveText('The service rejected this study');
  await expect(page.getByText(`${HOSTILE}: ${HOSTILE}`, { exact: true })).toBeVisible();
  await expect(parts.trace).toHaveText(`${HOSTILE} · request ${HOSTILE}`);
  await expectOnlyText(page);
});

test('the text of an answer is shown as text, whatever it contains', async ({ page }) => {
  const parts = describePage(page);
  const { input, model } = makePrediction();
  const answer = makePrediction({
    label: HOSTILE,
    probabilities: { [HOSTILE]: 0.9, no_tumor: 0.1 },
    reasons: [{ code: HOSTILE, message: HOSTILE, patient_message: HOSTILE }],
    input: { ...input, format: HOSTILE, warnings: [{ code: HOSTILE, message: HOSTILE }] },
    model: { ...model, name: HOSTILE, version: HOSTILE, engine: HOSTILE },
  });
  await page.route('**/api/predict?*', (route) => route.fulfill({ json: answer }));
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
  await expect(parts.headline).toContainText('<img src=x');
  await page.getByRole('button', { name: 'Report', exact: true }).click();
  await expect(page.getByRole('heading', { name: /^Report/ })).toBeVisible();
  await expectOnlyText(page);
});
