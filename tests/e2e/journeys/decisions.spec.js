import { readFileSync } from 'node:fs';
import { describeReason } from '../../../frontend/src/answer/service-messages.js';
import { checkAppearance, describePage, expect, readAnswer, test } from '../page.js';
import { findExample, findOthers, findScans, WHY_SKIPPED } from '../scans.js';

// Of each decision one real picture is sought among these: which one it is may change with the model.
const CANDIDATES = {
  tumor: () => findScans('glioma', 10),
  no_tumor: () => findScans('no_tumor', 10),
  uncertain: () => [...findScans('meningioma', 60), ...findScans('no_tumor', 60)],
  out_of_scope: () => findOthers('head_ct', 9),
};
const HEADLINES = {
  tumor: /^Tumour likely: /,
  no_tumor: /^No tumour seen$/,
  uncertain: /^Not certain/,
  out_of_scope: /^This does not look like a brain MRI$/,
};
const PATIENT_HEADLINES = {
  tumor: 'The program sees signs of a tumour',
  no_tumor: 'The program sees no tumour',
  uncertain: 'The program is not sure',
  out_of_scope: 'This does not look like a brain MRI',
};

/**
 * @param {import('@playwright/test').APIRequestContext} request
 * @param {string[]} paths
 * @param {string} decision
 */
async function findDecided(request, paths, decision) {
  for (const path of paths) {
    const answer = await request.post('/api/predict', {
      headers: { 'Content-Type': 'image/jpeg' },
      data: readFileSync(path),
    });
    if ((await answer.json()).decision === decision) return path;
  }
  throw new Error(`none of ${paths.length} pictures is answered ${decision}`);
}

/** How far the drawn pixels differ from grey, at most: a map has color, a scan has none. */
function measureColor(page) {
  return page.locator('.slice canvas').evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let most = 0;
    for (let index = 0; index < data.length; index += 4) {
      const [red, green, blue] = data.subarray(index, index + 3);
      most = Math.max(most, Math.max(red, green, blue) - Math.min(red, green, blue));
    }
    return most;
  });
}

for (const decision of Object.keys(CANDIDATES)) {
  test(`a real image (${decision}) is answered in clinical terms and in plain words`, async ({
    page,
    request,
  }) => {
    const paths = CANDIDATES[decision]();
    test.skip(paths.length === 0, WHY_SKIPPED);
    const parts = describePage(page);
    await page.goto('/');
    await parts.chooser.setInputFiles(await findDecided(request, paths, decision));
    await expect(parts.headline).toHaveText(HEADLINES[decision]);
    const answer = await readAnswer(page);
    for (const reason of answer.reasons) {
      const { text } = describeReason(reason, 'staff');
      await expect(page.getByText(text, { exact: true })).toBeVisible();
    }
    expect(answer.reasons.length > 0).toBe(['uncertain', 'out_of_scope'].includes(decision));

    const isRefused = decision === 'out_of_scope';
    await expect(parts.bars).toHaveCount(isRefused ? 0 : 4);
    await expect(parts.opacity).toBeVisible({ visible: !isRefused });
    await checkAppearance(page, `real-${decision}`);

    // Where no tumour is seen the report has no map that points at something.
    await page.getByRole('button', { name: 'Report', exact: true }).click();
    const mapped = ['tumor', 'uncertain'].includes(decision);
    await expect(page.locator('.report-pictures canvas')).toHaveCount(mapped ? 2 : 1);
    await checkAppearance(page, `real-${decision}-report`);
    await page.getByRole('button', { name: 'Back to the study' }).click();

    await page.getByRole('button', { name: 'Show in plain words' }).click();
    await expect(parts.headline).toHaveText(PATIENT_HEADLINES[decision]);
    for (const reason of answer.reasons) {
      const { text } = describeReason(reason, 'patient');
      await expect(page.getByText(text, { exact: true })).toBeVisible();
    }
    await expect(page.locator('.answer')).toBeHidden();
    await expect(page.locator('section.predictive-value')).toBeHidden();
    await expect(parts.studies.locator('.study-step')).toHaveText(PATIENT_HEADLINES[decision]);
    await checkAppearance(page, `real-${decision}-patient`);
  });
}

test('the map fades with its slider, and is gone at its end', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
  await expect(parts.opacity).toBeVisible();
  await expect.poll(() => measureColor(page)).toBeGreaterThan(40);
  const before = await measureColor(page);
  await parts.opacity.fill('15');
  await expect.poll(() => measureColor(page)).toBeLessThan(before);
  await parts.opacity.fill('0');
  await expect.poll(() => measureColor(page)).toBe(0);
});

test('the predictive value follows the prevalence at once, and the prevalence is kept', async ({
  page,
}) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
  const prevalence = page.getByLabel('Of 100 scans, this many show a tumour');
  await prevalence.fill('1');
  const sentence = page.locator('.predictive-value-sentence');
  await expect(sentence).toHaveText(
    /^Of 100 answers “tumour” at your site, about \d+ would be right\.$/,
  );
  const rare = await sentence.textContent();
  await prevalence.fill('50');
  await expect(sentence).not.toHaveText(rare);
  await page.reload();
  await parts.chooser.setInputFiles(findExample('phantom-lesion-a.png'));
  await expect(prevalence).toHaveValue('50');
});

test('the figures beside an answer are those of the table of decisions: of pictures, and of studies', async ({
  page,
}) => {
  await page.route('**/api/predict?*', async (route) => {
    const response = await route.fetch();
    const lines = (await response.text()).trimEnd().split('\n');
    // Whatever the model says of a phantom.
    const answer = { ...JSON.parse(lines.at(-1)), decision: 'no_tumor', label: null };
    await route.fulfill({
      response,
      body: [...lines.slice(0, -1), JSON.stringify(answer)].join('\n'),
    });
  });
  const parts = describePage(page);
  const site = page.getByRole('heading', { name: 'At your site' }).locator('..');
  const readBuffer = (name) => readFileSync(findExample(name));
  const add = (/** @type {string} */ name) =>
    parts.chooser.setInputFiles({
      name,
      mimeType: 'application/octet-stream',
      buffer: readBuffer(name),
    });
  await page.goto('/');
  await add('phantom-plain.png');
  const [, ...figures] =
    /single images.*“no tumour” for about (\d+) of 100 \(\d+ of (\d+)\) with a tumour, and for about (\d+) of 100 \(\d+ of (\d+)\) without/.exec(
      await site.textContent(),
    );
  await site.getByRole('link', { name: 'All measured answers' }).click();
  const slices = page.getByRole('region', { name: 'Single slices', exact: true });
  const pictures = slices.getByRole('row').filter({ hasText: 'single images' });
  for (const [at, truth] of ['tumour', 'no tumour'].entries()) {
    const [share, total] = figures.slice(2 * at);
    const cells = pictures.nth(at).getByRole('cell');
    await expect(cells.nth(0)).toHaveText(truth);
    await expect(cells.nth(1)).toContainText(total);
    await expect(cells.nth(3)).toHaveText(new RegExp(`^${share}\\s%`));
  }
  await page.goBack();

  await add('phantom-volume.nii.gz');
  await expect(site).toContainText('Too few were measured for a predictive value.');
  const groups = [...(await site.textContent()).matchAll(/for (\d+ of \d+) (?:with|without)/g)];
  expect(groups.length).toBe(4);
  await checkAppearance(page, 'figures-of-studies');
  await site.getByRole('link', { name: 'All measured answers' }).click();
  const studies = page.getByRole('region', { name: 'Whole studies', exact: true });
  for (const [at, [, counts]] of groups.entries()) {
    await expect(
      studies
        .getByRole('row')
        .nth(at + 1)
        .getByRole('cell')
        .nth(3),
    ).toHaveText(counts);
  }
});
