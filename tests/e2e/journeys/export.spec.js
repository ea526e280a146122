import { readFileSync } from 'node:fs';
import { checkAppearance, DECIDED, describePage, expect, readAnswer, test } from '../page.js';
import { findExample } from '../scans.js';

const SIZES = {
  wide: { width: 1280, height: 800 },
  narrow: { width: 390, height: 844 },
  // What is left of the wide one at 200 %.
  zoomed: { width: 640, height: 400 },
};
const A4_POINTS = [595, 842];

/** @param {Buffer} pdf */
function readPages(pdf) {
  const text = pdf.toString('latin1');
  return {
    count: text.match(/\/Type\s*\/Page(?!s)\b/g)?.length ?? 0,
    size: text
      .match(/\/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]/)
      ?.slice(1)
      .map((points) => Math.round(Number(points))),
  };
}

/** @param {import('@playwright/test').Page} page */
async function openReport(page) {
  await page.getByRole('button', { name: 'Report', exact: true }).click();
  await expect(page.getByRole('heading', { name: /^Report: / })).toBeFocused();
}

/**
 * @param {import('@playwright/test').Page} page
 * @param {string} button
 */
async function download(page, button) {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).click(),
  ]);
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
}

for (const theme of ['dark', 'light']) {
  for (const [width, size] of Object.entries(SIZES)) {
    test(`the report is one sound A4 page when ${theme} and ${width}`, async ({ page }) => {
      const parts = describePage(page);
      await page.setViewportSize(size);
      await page.goto('/');
      if (theme === 'light') await page.getByRole('button', { name: 'Light theme' }).click();
      await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
      await expect(parts.headline).toHaveText(DECIDED);
      const said = await parts.headline.textContent();
      const answer = await readAnswer(page);
      await openReport(page);
      const report = page.locator('.report-sheet');
      await expect(report.locator('canvas')).toHaveCount(2);
      await expect(report.locator('.report-headline')).toHaveText(said);
      for (const words of [
        answer.model.version,
        answer.model.sha256,
        answer.input.sha256,
        'Investigational. Not for diagnostic use.',
      ]) {
        await expect(report).toContainText(words);
      }
      await page.getByLabel('Name', { exact: true }).fill('A. Example');
      await page.getByLabel('Date of birth').fill('1970-12-31');
      await checkAppearance(page, `report-${theme}-${width}`);

      const path = `test-results/screens/report-${theme}-${width}.pdf`;
      const pages = readPages(await page.pdf({ path, preferCSSPageSize: true }));
      expect(pages).toEqual({ count: 1, size: A4_POINTS });

      await page.emulateMedia({ media: 'print' });
      await expect(page.locator('#top-bar')).toBeHidden();
      await expect(page.getByRole('button', { name: 'Print or save as PDF' })).toBeHidden();
      await expect(report.getByText('A. Example')).toBeVisible();
      await expect(report.getByText('31 December 1970')).toBeVisible();
      await expect(report.getByText('Examination')).toBeHidden();
      const paper = await report.evaluate((sheet) => getComputedStyle(sheet).backgroundColor);
      expect(paper).toBe('rgb(255, 255, 255)');
    });
  }
}

test('the German report is one sound page too, with German dates', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await page.getByRole('button', { name: 'DE', exact: true }).click();
  await page.getByLabel('Dateien zum Auswerten').setInputFiles(findExample('phantom-lesion-a.png'));
  await expect(parts.headline).toHaveText(/^Tumor wahrscheinlich/);
  await page.getByRole('button', { name: 'Bericht', exact: true }).click();
  await page.getByLabel('Geburtsdatum').fill('1970-12-31');
  const report = page.locator('.report-sheet');
  await expect(report.locator('canvas')).toHaveCount(2);
  await expect(report.locator('.report-typed').getByText('31. Dezember 1970')).toHaveCount(1);
  await expect(report).toContainText('In Erprobung. Nicht zur Diagnose bestimmt.');
  const path = 'test-results/screens/report-german.pdf';
  const pages = readPages(await page.pdf({ path, preferCSSPageSize: true }));
  expect(pages).toEqual({ count: 1, size: A4_POINTS });
});

test('a report with everything that an answer can hold is still one page', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  // With its heat maps, which the page leaves out of the JSON that it shows.
  const answered = page.waitForResponse('**/api/predict?*');
  await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
  await expect(parts.headline).toHaveText(DECIDED);
  const real = JSON.parse((await (await answered).text()).trimEnd().split('\n').at(-1));
  const sentence = 'This is one of those sentences that take up a whole line of the sheet, or two.';
  const probabilities = Object.fromEntries(
    [...Array(5).keys()].map((index) => [`tumour_${index}`, 1 / 5]),
  );
  const answer = {
    ...real,
    decision: 'uncertain',
    label: null,
    probabilities,
    prediction_set: Object.keys(probabilities),
    reasons: Array(3).fill({ code: 'x', message: sentence, patient_message: sentence }),
    input: { ...real.input, warnings: Array(4).fill({ code: 'x', message: sentence }) },
  };
  await page.route('**/api/predict?*', (route) => route.fulfill({ json: answer }));
  const name = `${'a long name of a file '.repeat(6)}.png`;
  await parts.chooser.setInputFiles({
    name,
    mimeType: 'image/png',
    buffer: readFileSync(findExample('phantom-lesion-a.png')),
  });
  await expect(parts.headline).toHaveText(/^Not certain/);
  await openReport(page);
  await page
    .getByLabel('Name', { exact: true })
    .fill('A name of many letters '.repeat(4).slice(0, 60));
  await page.getByLabel('Examination').fill('W'.repeat(60));
  await page.getByLabel('Remarks').fill('Remarks that go on. '.repeat(20));
  await expect(page.locator('.report-pictures canvas')).toHaveCount(2);
  const pdf = await page.pdf({
    path: 'test-results/screens/report-full.pdf',
    preferCSSPageSize: true,
  });
  expect(readPages(pdf).count).toBe(1);
});

test('a long remark is printed to its end', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
  await expect(parts.headline).toHaveText(DECIDED);
  await openReport(page);
  const text = `${'Remarks that go on. '.repeat(100)}The end.`;
  await page.getByLabel('Remarks').focus();
  // Typed, as a person's text is: what is filled in by a script is never cut.
  await page.keyboard.insertText(text);
  await expect(page.getByLabel('Remarks')).toHaveValue(text);
  await page.emulateMedia({ media: 'print' });
  const printed = page.locator('.report-typed', { hasText: 'The end.' });
  await expect(printed).toBeVisible();
  const { scrollHeight, clientHeight } = await printed.evaluate((element) => ({
    scrollHeight: element.scrollHeight,
    clientHeight: element.clientHeight,
  }));
  expect(scrollHeight).toBeLessThanOrEqual(clientHeight);
});

test('the report on a volume has its curve, and is one page', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-volume.nii.gz'));
  await expect(parts.headline).toHaveText(DECIDED);
  await openReport(page);
  await expect(page.locator('.report-sheet canvas')).toHaveCount(2);
  await expect(page.locator('.report-sheet .curve-line').first()).toBeVisible();
  await checkAppearance(page, 'report-volume');
  const path = 'test-results/screens/report-volume.pdf';
  expect(readPages(await page.pdf({ path, preferCSSPageSize: true })).count).toBe(1);
});

test('text typed on the report is neither sent nor kept', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
  await expect(parts.headline).toHaveText(DECIDED);
  const sent = [];
  page.on('request', (request) => sent.push(`${request.url()} ${request.postData()}`));
  await openReport(page);
  await page.getByLabel('Name', { exact: true }).fill('Erika Mustermann');
  await page.getByLabel('Remarks').fill('Erika Mustermann');
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await expect.poll(() => sent.some((request) => request.includes('/api/health'))).toBe(true);
  await page.getByRole('button', { name: 'Back to the study' }).click();
  await expect(page.getByRole('button', { name: 'Report', exact: true })).toBeFocused();
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, document.cookie]));
  expect(`${sent.join(' ')} ${kept}`).not.toMatch(/Erika|Mustermann/);
  await openReport(page);
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('');
  await expect(page.locator('.report')).not.toContainText('Mustermann');
});

test('the answer is saved under the name of the study, and copied', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles({
    name: '../=cmd|"x".png',
    mimeType: 'image/png',
    buffer: readFileSync(findExample('phantom-plain.png')),
  });
  await expect(parts.headline).toHaveText(DECIDED);
  const answer = await readAnswer(page);
  const { name, text } = await download(page, 'Download JSON');
  expect(name).toBe('=cmd_x_.png.prediction.json');
  expect(JSON.parse(text)).toEqual(answer);
  await page.getByRole('button', { name: 'Copy JSON' }).click();
  await expect(page.getByText('The answer was copied to the clipboard.')).toBeVisible();
  expect(JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))).toEqual(answer);
});

test('the session is saved as a table with one line for each study, failed ones included', async ({
  page,
}) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles([findExample('phantom-lesion-a.png')]);
  await parts.chooser.setInputFiles({
    name: '=1+1.png',
    mimeType: 'image/png',
    buffer: Buffer.from('This is no picture.'),
  });
  await expect(parts.studies.nth(0).locator('.study-step')).toHaveText(DECIDED);
  await expect(parts.studies.nth(1).locator('.study-step')).toHaveText('failed');
  const { name, text } = await download(page, 'All studies as CSV');
  expect(name).toMatch(/^tumorscope-\d{4}-\d\d-\d\d\.csv$/);
  const lines = text.split('\r\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^\ufeff"name","state","decision",.*"notice"$/);
  expect(lines[1]).toMatch(/^"phantom-lesion-a\.png","done","/);
  expect(lines[1]).toMatch(
    /"\d{4}-\d\d-\d\dT[\d:.]+Z","Investigational\. Not for diagnostic use\."$/,
  );
  expect(lines[2]).toMatch(/^"'=1\+1\.png","failed",.*"unsupported_format"/);
});

test('a study is removed, and a session cleared after one question', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(
    ['phantom-plain.png', 'phantom-lesion-a.png', 'phantom-lesion-b.png'].map(findExample),
  );
  await expect(parts.studies.nth(2).locator('.study-step')).toHaveText(DECIDED);
  await page.getByRole('button', { name: 'Remove this study' }).click();
  await expect(parts.studies).toHaveCount(2);
  await expect(page.getByRole('img', { name: 'Slice phantom-lesion-a.png' })).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(parts.studies).toHaveCount(3);
  await page.getByRole('button', { name: 'Remove this study' }).click();
  await expect(parts.studies).toHaveCount(2);

  await page.getByRole('button', { name: 'Clear the session' }).click();
  const dialog = page.getByRole('dialog', { name: 'Remove all studies of this session?' });
  await expect(dialog).toContainText('All 2 studies');
  await checkAppearance(page, 'clear-session');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(parts.studies).toHaveCount(2);

  await page.getByRole('button', { name: 'Clear the session' }).click();
  await dialog.getByRole('button', { name: 'Remove all' }).click();
  await expect(page.getByRole('heading', { name: 'Drop a brain MRI here' })).toBeVisible();
  await expect(page.locator('body')).not.toContainText('phantom-lesion-a.png');
  await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
  await expect(parts.studies).toHaveCount(1);
  await expect(parts.headline).toHaveText(DECIDED);
});

test('five lines of text are copied to paste into a report, and shared where the device can', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.addInitScript(() => {
    navigator.share = async ({ text }) => {
      window.shared = text;
    };
  });
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
  await expect(parts.headline).toHaveText(DECIDED);
  await page.getByRole('button', { name: 'Copy as text' }).click();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  const { model } = await readAnswer(page);
  expect(text.split('\n').length).toBeLessThanOrEqual(5);
  for (const words of [
    await parts.headline.textContent(),
    '97 %',
    model.version,
    'Not for diagnostic',
  ]) {
    expect(text.replaceAll('\u00a0', ' ')).toContain(words);
  }
  await page.getByRole('button', { name: 'Share' }).click();
  expect(await page.evaluate(() => window.shared)).toBe(text);
});
