import { checkAppearance, DECIDED, describePage, expect, test } from '../page.js';
import { findExample, makeNifti } from '../scans.js';
import { describePlanes, describeViewer, openStudy } from '../viewer.js';
import { WITH_WEBGL } from '../webgl.js';

test.use(WITH_WEBGL);

const VOLUME = { name: 'head.nii', mimeType: 'application/octet-stream', buffer: makeNifti(40) };

/**
 * How much of what is seen is lighter than a dark grey, and in the colour of a glioma, and a number that tells one picture from another.
 * @param {import('@playwright/test').Locator} seen
 */
async function measure(seen) {
  const picture = (await seen.screenshot()).toString('base64');
  return seen.evaluate(async (_, base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    let [light, colored, mark] = [0, 0, 0];
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] > 60) light += 1;
      // Of a glioma; the crosshair is blue.
      if (data[at] - data[at + 2] > 40) colored += 1;
      mark = (mark * 31 + data[at]) % 1_000_003;
    }
    const count = data.length / 4;
    return { light: light / count, colored: colored / count, mark };
  }, picture);
}

test('a volume is seen in three planes on request, and the module comes only then', async ({
  page,
}) => {
  /** @type {string[]} */
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  const planes = describePlanes(page);
  await openStudy(page, VOLUME);
  await expect(describeViewer(page).loading).toBeHidden();
  expect(asked.filter((path) => path.includes('volume-viewer'))).toEqual([]);
  await planes.opener.click();
  await expect(planes.words).toBeEmpty();
  expect(asked.filter((path) => path.includes('volume-viewer'))).not.toEqual([]);
  await expect.poll(async () => (await measure(planes.picture)).light).toBeGreaterThan(0.1);
  await checkAppearance(page, 'three-planes-dark-wide');

  const before = await measure(planes.picture);
  await planes.picture.focus();
  for (let press = 0; press < 12; press += 1) await page.keyboard.press('PageUp');
  await expect.poll(async () => (await measure(planes.picture)).mark).not.toBe(before.mark);
  await page.keyboard.press('Escape');
  await expect(planes.panel).toBeHidden();
  await expect(planes.opener).toBeFocused();
  await planes.opener.click();
  await expect.poll(async () => (await measure(planes.picture)).light).toBeGreaterThan(0.1);
  await planes.closer.click();
  await expect(planes.panel).toBeHidden();
});

test('a newcomer scrolls the synthetic volume, sees its curve and its planes', async ({ page }) => {
  const planes = describePlanes(page);
  const viewer = describeViewer(page);
  await page.goto('/');
  await page.getByRole('button', { name: /Try: Phantom volume/ }).click();
  await expect(describePage(page).headline).toHaveText(DECIDED);
  await expect(page.locator('.curve-finding').first()).toBeVisible();
  await expect(viewer.loading).toBeHidden();
  await viewer.square.press('Home');
  await expect(viewer.caption).toHaveText('Slice 1 of 60, axial');
  await planes.opener.click();
  await expect.poll(async () => (await measure(planes.picture)).light).toBeGreaterThan(0.1);

  // The planes and the slice behind them are at one place.
  await viewer.slice.fill('34');
  await planes.picture.focus();
  await page.keyboard.press('PageUp');
  await expect(viewer.caption).toHaveText('Slice 35 of 60, axial');
  await expect(viewer.slice).toHaveValue('35');
  await checkAppearance(page, 'synthetic-volume');
  const before = await measure(planes.picture);
  await viewer.slice.fill('20');
  await expect.poll(async () => (await measure(planes.picture)).mark).not.toBe(before.mark);
});

test('the heat map lies over all three planes, and follows its slider and its class', async ({
  page,
}) => {
  const parts = describePage(page);
  const planes = describePlanes(page);
  await openStudy(page, VOLUME);
  await expect(describeViewer(page).loading).toBeHidden();
  await planes.opener.click();
  await page.getByLabel('Class of the heat map').selectOption('glioma');
  await parts.opacity.fill('100');
  await expect(planes.panel.getByText(/^Heat map for glioma, drawn on slices \d/)).toBeVisible();
  const measureColor = async () => (await measure(planes.picture)).colored;
  await expect.poll(measureColor).toBeGreaterThan(0.002);
  await checkAppearance(page, 'three-planes-map-dark-wide');
  await page.setViewportSize({ width: 390, height: 844 });
  await checkAppearance(page, 'three-planes-map-dark-narrow');
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByLabel('Class of the heat map').selectOption('meningioma');
  await expect(planes.panel.getByText(/^Heat map for meningioma/)).toBeVisible();
  await expect.poll(measureColor).toBe(0);
  await page.getByLabel('Class of the heat map').selectOption('glioma');
  await expect.poll(measureColor).toBeGreaterThan(0.002);
  await parts.opacity.fill('0');
  await expect.poll(measureColor).toBe(0);
});

test('maps on many slices scroll in one line, and are counted over the planes', async ({
  page,
}) => {
  const planes = describePlanes(page);
  await page.route('**/api/predict*', async (route) => {
    const response = await route.fetch();
    const lines = (await response.text()).trimEnd().split('\n');
    const answer = JSON.parse(lines.at(-1));
    const [one] = answer.explanation.further;
    answer.explanation.further = Array.from({ length: 22 }, (_, at) => at + 9)
      .filter((index) => index !== answer.explanation.slice_index)
      .map((index) => ({ ...one, slice_index: index }));
    await route.fulfill({
      response,
      body: [...lines.slice(0, -1), JSON.stringify(answer)].join('\n'),
    });
  });
  await page.setViewportSize({ width: 390, height: 844 });
  await openStudy(page, VOLUME);
  await expect(describeViewer(page).loading).toBeHidden();
  const places = page.locator('.heatmap-places');
  expect((await places.boundingBox()).height).toBeLessThan(50);
  await places.getByRole('button').last().click();
  await expect(describeViewer(page).caption).toHaveText('Slice 31 of 40, axial');
  await planes.opener.click();
  await expect(
    planes.panel.getByText(/^Heat map for .*, drawn on slices 10 to 31 \(2\d of them\)/),
  ).toHaveCount(1);
  await checkAppearance(page, 'many-maps-narrow');
});

test('in plain words the planes name no kind of tumour', async ({ page }) => {
  const planes = describePlanes(page);
  await openStudy(page, VOLUME);
  await expect(describeViewer(page).loading).toBeHidden();
  await planes.opener.click();
  await expect(planes.panel.getByText(/^Heat map for/)).toHaveCount(1);
  await page.getByRole('button', { name: 'Show in plain words' }).click();
  await expect(planes.panel).toBeHidden();
  await planes.opener.click();
  await expect(planes.panel.getByText(/^Where the program looked, on slices/)).toHaveCount(1);
  await expect(page.locator('.studies')).not.toContainText(/glioma|meningioma|pituitary/, {
    useInnerText: true,
  });
});

test('without WebGL 2 a sentence says so, and the slices stay', async ({ page }) => {
  await page.addInitScript(() => {
    const getContext = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...options) {
      return kind === 'webgl2' ? null : getContext.call(this, kind, ...options);
    };
  });
  const planes = describePlanes(page);
  await openStudy(page, VOLUME);
  await planes.opener.click();
  await expect(planes.words).toHaveText(/it lacks WebGL 2/);
  await planes.closer.click();
  await describeViewer(page).square.press('Home');
  await expect(describeViewer(page).caption).toHaveText('Slice 1 of 40, axial');
});

test('a single picture has no planes', async ({ page }) => {
  await openStudy(page, findExample('phantom-plain.png'));
  await expect(describeViewer(page).zoom).toBeVisible();
  await expect(describePlanes(page).opener).toBeHidden();
});
