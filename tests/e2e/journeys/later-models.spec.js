import { makePrediction } from '../../frontend/factories.mjs';
import { checkAppearance, describePage, expect, test } from '../page.js';
import { findExample } from '../scans.js';

/**
 * Shows what the page makes of an answer that the served model may not give.
 * @param {import('@playwright/test').Page} page
 * @param {Parameters<typeof makePrediction>[0]} changes
 */
async function showAnswer(page, changes) {
  await page.route('**/api/predict?*', (route) => route.fulfill({ json: makePrediction(changes) }));
  await page.goto('/');
  await describePage(page).chooser.setInputFiles(findExample('phantom-lesion-a.png'));
}

test('classes the page has never heard of are named and drawn', async ({ page }) => {
  const { headline, bars } = describePage(page);
  await showAnswer(page, {
    label: 'vestibular_schwannoma',
    probabilities: { vestibular_schwannoma: 0.7, lymphoma: 0.2, no_tumor: 0.1 },
    input: {
      ...makePrediction().input,
      warnings: [{ code: 'color', message: 'The picture is in colour; it was read as grey.' }],
    },
  });
  await expect(headline).toHaveText('Tumour likely: vestibular schwannoma');
  await expect(bars).toHaveText(['vestibular schwannoma70 %', 'lymphoma20 %', 'no tumour10 %']);
  await expect(
    page.getByText('The picture is in colour; it was read as grey.', { exact: true }),
  ).toBeVisible();
  await checkAppearance(page, 'new-classes');
});

test('doubt is shown as such, with its reasons and its numbers', async ({ page }) => {
  const { headline, bars } = describePage(page);
  await showAnswer(page, {
    decision: 'uncertain',
    label: null,
    prediction_set: ['glioma', 'meningioma'],
    probabilities: { glioma: 0.52, meningioma: 0.44, no_tumor: 0.02, pituitary: 0.02 },
    reasons: [
      {
        code: 'close_call',
        message: 'Two kinds of tumour are about as probable.',
        patient_message: 'Two kinds of tumour are about as probable.',
      },
    ],
  });
  await expect(headline).toHaveText('Not certain: glioma or meningioma');
  await expect(
    page.getByText('Two kinds of tumour are about as probable.', { exact: true }),
  ).toBeVisible();
  await expect(bars).toHaveCount(4);
  await checkAppearance(page, 'uncertain');
});

test('a picture of something else gets no number', async ({ page }) => {
  const { headline } = describePage(page);
  await showAnswer(page, {
    decision: 'out_of_scope',
    label: null,
    tumor_probability: null,
    probabilities: null,
    reasons: [
      {
        code: 'not_brain_mri',
        message: 'The picture is unlike those of a brain MRI.',
        patient_message: 'The picture is unlike those of a brain MRI.',
      },
    ],
  });
  await expect(headline).toHaveText('This does not look like a brain MRI');
  await expect(page.locator('.result')).not.toContainText('%');
  await expect(page.getByRole('heading', { name: 'Probabilities' })).toBeHidden();
  await checkAppearance(page, 'out-of-scope');
});
