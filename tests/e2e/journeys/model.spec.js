import { checkAppearance, DECIDED, describePage, expect, test } from '../page.js';
import { findExample } from '../scans.js';

/** @param {import('@playwright/test').Page} page */
function findModelPage(page) {
  return page.getByRole('heading', { name: 'About the model' });
}

test('the version in the bar leads to the model page, and Back leads back', async ({
  page,
  request,
}) => {
  const parts = describePage(page);
  const { sha256, manifest } = await (await request.get('/api/model')).json();
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
  await expect(parts.headline).toHaveText(DECIDED);
  await page.getByRole('link', { name: `model ${manifest.version}` }).click();
  await expect(findModelPage(page)).toBeFocused();
  await expect(page).toHaveURL(/#model$/);
  await expect(parts.headline).toBeHidden();
  await expect(page.getByText(sha256, { exact: true })).toBeVisible();
  for (const limit of manifest.limits) await expect(page.getByText(limit)).toBeVisible();
  const matrix = page.getByRole('region', { name: 'Confusion matrix' }).getByRole('row');
  for (const [index, counts] of manifest.metrics.confusion_matrix.entries()) {
    await expect(matrix.nth(index + 1).getByRole('cell')).toHaveText(counts.map(String));
  }
  await expect(parts.notice).toBeInViewport();

  await page.goBack();
  await expect(findModelPage(page)).toBeHidden();
  await expect(parts.headline).toBeVisible();
  await expect(page.getByRole('link', { name: /^model/ })).toBeFocused();
});

test('the page about the model can be linked, and a scan that is added closes it', async ({
  page,
}) => {
  const parts = describePage(page);
  await page.goto('/#model');
  await expect(findModelPage(page)).toBeVisible();
  await expect(page.getByRole('region', { name: 'Threshold figures' })).toBeVisible();
  await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
  await expect(findModelPage(page)).toBeHidden();
  await expect(parts.headline).toHaveText(DECIDED);
});

test('before the service is ready the model page says so, and fills by itself', async ({
  page,
}) => {
  await page.route('**/api/health', (route) => route.abort());
  await page.goto('/#model');
  await expect(page.getByText(/^The service is not ready\. The model card appears/)).toBeVisible();
  await page.unroute('**/api/health');
  await expect(page.getByRole('region', { name: 'Threshold figures' })).toBeVisible();
});

/** @param {object} changes */
function makeDecisionRow(changes) {
  const intervals = {
    tumor: [0.75, 0.85],
    no_tumor: [0, 0.006],
    uncertain: [0.16, 0.25],
    refused: [0, 0],
    right: [0.96, 0.99],
  };
  const answers = { tumor: 415, no_tumor: 1, uncertain: 104, refused: 0, right: 408 };
  return { by: 'all', truth: 'tumor', count: 520, people: 60, intervals, ...answers, ...changes };
}

const FEW = { count: 3, people: 3, tumor: 0, no_tumor: 2, uncertain: 1, right: 2, intervals: null };
const DECISIONS = {
  slices: [
    makeDecisionRow({ name: 'held-out patients' }),
    makeDecisionRow({ name: 'external data' }),
    makeDecisionRow({ by: 'sequence', name: 't1ce' }),
    makeDecisionRow({
      by: 'source',
      name: 'A collection with a name that is as long as they come',
    }),
  ],
  studies: [makeDecisionRow({ name: 'held-out patients', truth: 'no_tumor', ...FEW })],
};

test('the answers of the service come first: shares of many people, counts of few', async ({
  page,
}) => {
  await page.route('**/api/model', async (route) => {
    const response = await route.fetch();
    const answer = await response.json();
    answer.manifest.metrics.decisions = DECISIONS;
    await route.fulfill({ response, json: answer });
  });
  await page.goto('/#model');
  await expect(page.getByRole('heading', { level: 3 }).first()).toHaveText(
    'How the service answers',
  );
  const slices = page.getByRole('region', { name: 'Single slices', exact: true });
  await expect(slices.getByRole('row').nth(1)).toContainText(/80\s%\s75\s% to 85\s%/);
  const studies = page.getByRole('region', { name: 'Whole studies', exact: true });
  await expect(studies.getByRole('row').nth(1)).toContainText('0 of 3');
  await expect(studies).not.toContainText('%');
  await page.getByText('Single slices by source').click();
  await checkAppearance(page, 'decisions-wide');
  await page.setViewportSize({ width: 390, height: 844 });
  await checkAppearance(page, 'decisions-narrow');
  await page.getByRole('button', { name: 'Light theme' }).click();
  await page.getByRole('button', { name: 'DE', exact: true }).click();
  await expect(page.getByText('0 von 3').first()).toBeVisible();
  await checkAppearance(page, 'decisions-narrow-german');
});

for (const theme of ['dark', 'light']) {
  for (const [width, viewport] of Object.entries({
    wide: { width: 1280, height: 800 },
    narrow: { width: 390, height: 844 },
  })) {
    for (const language of ['EN', 'DE']) {
      test(`the page about the model is sound when ${theme} and ${width} (${language})`, async ({
        page,
      }) => {
        await page.setViewportSize(viewport);
        await page.goto('/#model');
        if (theme === 'light') await page.getByRole('button', { name: 'Light theme' }).click();
        await page.getByRole('button', { name: language, exact: true }).click();
        await expect(page.getByRole('heading', { level: 2 })).toBeVisible();
        await expect(page.locator('.model-count').first()).toBeVisible();
        await checkAppearance(page, `model-${language}-${theme}-${width}`);
      });
    }
  }
}
