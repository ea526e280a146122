import { changeHealth, checkAppearance, DECIDED, describePage, expect, test } from '../page.js';
import { findExample } from '../scans.js';

const TEXT_FILE = { mimeType: 'image/png', buffer: Buffer.from('This is no picture.') };

test('a text file named like a picture is refused in words, with code and request', async ({
  page,
}) => {
  const parts = describePage(page);
  await page.goto('/');
  const [response] = await Promise.all([
    page.waitForResponse('**/api/predict?*'),
    parts.chooser.setInputFiles({ name: 'notes.png', ...TEXT_FILE }),
  ]);
  await expect(parts.headline).toHaveText('This file format is not supported');
  const { request_id } = await response.json();
  await expect(parts.trace).toHaveText(`unsupported_format · request ${request_id}`);
  await expect(page.getByRole('button', { name: 'Try again' })).toBeHidden();
  await expect(parts.bars).toHaveCount(0);
  await expect(parts.notice).toBeInViewport();
});

test('a file name is shown as text, whatever it holds', async ({ page }) => {
  const parts = describePage(page);
  const name = `<img src=x onerror="document.title='hit'">.png`;
  await page.goto('/');
  await parts.chooser.setInputFiles({ name, ...TEXT_FILE });
  await expect(parts.studies.locator('.study-step')).toHaveText('failed');
  await expect(parts.studies.locator('.study-name')).toHaveText(name);
  await expect(page.locator('main img[src="x"]')).toHaveCount(0);
  await expect(page).not.toHaveTitle('hit');
});

test('a slow upload shows how far it is, and can be cancelled and started again', async ({
  page,
}) => {
  const parts = describePage(page);
  await page.goto('/');
  await expect(parts.serviceState).toHaveText(/service ready/);
  const network = await page.context().newCDPSession(page);
  await network.send('Network.enable');
  const throttle = (uploadThroughput) =>
    network.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput,
    });
  await throttle(200_000);
  await parts.chooser.setInputFiles({
    name: 'large.png',
    mimeType: 'image/png',
    buffer: Buffer.alloc(4_000_000, 1),
  });
  await expect(parts.headline).toHaveText(/^Uploading [1-9]\d?\s%$/);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(parts.headline).toHaveText('Cancelled');
  await expect(parts.headline).toBeFocused();

  await throttle(-1);
  await page.getByRole('button', { name: 'Analyse again' }).click();
  await expect(parts.trace).toHaveText(/^unsupported_format/);
});

test('a cancelled analysis lets the next study begin', async ({ page }) => {
  const parts = describePage(page);
  let held;
  await page.route('**/api/predict?*', async (route) => {
    if (held === undefined) held = route;
    else await route.continue();
  });
  await page.goto('/');
  await parts.chooser.setInputFiles([
    findExample('phantom-plain.png'),
    findExample('phantom-lesion-a.png'),
  ]);
  await expect.poll(() => held !== undefined).toBe(true);
  await expect(parts.studies.nth(1).locator('.study-step')).toHaveText('waiting');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(parts.studies.nth(0).locator('.study-step')).toHaveText('cancelled');
  await expect(parts.studies.nth(1).locator('.study-step')).toHaveText(DECIDED);
});

test('a busy service is shown, and the study sent again after the time it asks for', async ({
  page,
}) => {
  const parts = describePage(page);
  await page.route(
    '**/api/predict?*',
    (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        headers: { 'Retry-After': '4' },
        body: JSON.stringify({ title: 'x', code: 'overloaded', detail: 'x', request_id: 'abc' }),
      }),
    { times: 1 },
  );
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
  await expect(parts.headline).toHaveText('The service is busy');
  await expect(
    page.getByText(/^The page will send the study again in \d seconds?\.$/),
  ).toBeVisible();
  await expect(parts.headline).toHaveText(DECIDED);
});

test('while the service cannot be reached studies wait, and go on without a reload', async ({
  page,
}) => {
  const parts = describePage(page);
  await page.route('**/api/health', (route) => route.abort());
  await page.goto('/');
  await expect(parts.serviceState).toHaveText('service unreachable');
  await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
  await expect(parts.headline).toHaveText('Waiting');
  await expect(page.getByText('The analysis will start as soon as it is.')).toBeVisible();

  await page.unroute('**/api/health');
  await expect(parts.headline).toHaveText(DECIDED);
  await expect(parts.serviceState).toHaveText(/^service ready/);
});

test('a service lost during an analysis is noticed, and the others wait for it', async ({
  page,
}) => {
  const parts = describePage(page);
  await page.goto('/');
  await expect(parts.serviceState).toHaveText(/^service ready/);
  await page.route('**/api/**', (route) =>
    route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>502 Bad Gateway</h1>' }),
  );
  await parts.chooser.setInputFiles([
    findExample('phantom-plain.png'),
    findExample('phantom-lesion-a.png'),
  ]);
  await expect(parts.serviceState).toHaveText('service unreachable');
  for (const study of await parts.studies.all()) {
    await expect(study.locator('.study-step')).toHaveText('waiting');
  }

  await page.unroute('**/api/**');
  for (const study of await parts.studies.all()) {
    await expect(study.locator('.study-step')).toHaveText(DECIDED);
  }
});

test('a study that is lost whenever it is sent fails, and does not hold up the others', async ({
  page,
}) => {
  const parts = describePage(page);
  let sent = 0;
  await page.route('**/api/predict?*', (route) => {
    sent += 1;
    return sent <= 2 ? route.abort() : route.continue();
  });
  await page.goto('/');
  await parts.chooser.setInputFiles([
    findExample('phantom-plain.png'),
    findExample('phantom-lesion-a.png'),
  ]);
  await expect(parts.headline).toHaveText('The service cannot be reached');
  await expect(parts.studies.nth(1).locator('.study-step')).toHaveText(DECIDED);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(parts.headline).toHaveText(DECIDED);
});

for (const [status, words] of [
  ['starting', 'service starting'],
  ['draining', 'service shutting down'],
]) {
  test(`a service that is ${status} is named, and studies wait for it`, async ({ page }) => {
    const parts = describePage(page);
    const health = { status, model: null, uptime_s: 1, queue_depth: 0 };
    await page.route('**/api/health', (route) => route.fulfill({ status: 503, json: health }));
    await page.goto('/');
    await expect(parts.serviceState).toHaveText(words);
    await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
    await expect(parts.headline).toHaveText('Waiting');
    await checkAppearance(page, `service-${status}`);
    await page.unroute('**/api/health');
    await expect(parts.headline).toHaveText(DECIDED);
  });
}

test('a service with a queue is shown as busy', async ({ page }) => {
  const parts = describePage(page);
  await changeHealth(page, () => ({ queue_depth: 5 }));
  await page.goto('/');
  await expect(parts.serviceState).toHaveText(/^busy: 5 in queue · model/);
  await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
  await expect(parts.headline).toHaveText(DECIDED);
});
