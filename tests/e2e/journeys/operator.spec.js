import { checkAppearance, DECIDED, describePage, expect, test } from '../page.js';
import { findExample, makeNifti } from '../scans.js';
import { makeBundle, startPage, startService } from '../stack.js';

const SERVICE_PORT = 18001;
const WEB_PORT = 18081;

test.describe('an operator stops and restarts the service', () => {
  test.skip(Boolean(process.env.BASE_URL), 'the stack that runs is not for a journey to stop');
  test.describe.configure({ timeout: 600_000 });

  const names = ['phantom-plain.png', 'phantom-lesion-a.png', 'phantom-lesion-b.png'];
  let stack;
  test.use({ baseURL: `http://127.0.0.1:${WEB_PORT}` });

  test.beforeEach(async () => {
    stack = [startService(SERVICE_PORT), await startPage(WEB_PORT, SERVICE_PORT)];
  });

  test.afterEach(async () => {
    await Promise.all(stack.map((process) => process.stop('SIGKILL')));
  });

  /** Replaces the service of the stack. */
  async function restart(signal, settings) {
    await stack[0].stop(signal);
    return () => {
      stack[0] = startService(SERVICE_PORT, settings);
    };
  }

  test('the studies of a page that stays open wait, and go on with the next one', async ({
    page,
  }) => {
    const parts = describePage(page);
    await page.goto('/');
    await page.evaluate(() => {
      window.isStillOpen = true;
    });
    await parts.chooser.setInputFiles(names.map(findExample));
    for (const name of names) {
      const study = parts.studies.filter({ hasText: name });
      await expect(study.locator('.study-step')).toHaveText(DECIDED);
    }

    // Killed, with a study on its way.
    const begin = await restart('SIGKILL');
    await parts.chooser.setInputFiles(names.map(findExample));
    await expect(parts.serviceState).toHaveText('service unreachable');
    await expect(parts.headline).toHaveText('Waiting');
    await checkAppearance(page, 'operator-stopped');
    begin();
    await expect(parts.serviceState).toHaveText(/^service ready/);
    await expect(parts.studies).toHaveCount(2 * names.length);
    for (const study of await parts.studies.all()) {
      await expect(study.locator('.study-step')).toHaveText(DECIDED);
    }
    await checkAppearance(page, 'operator-restarted');

    // Stopped, and followed by another version of the model.
    const bundle = makeBundle('99.0.0');
    const stopped = restart('SIGTERM', { TUMORSCOPE_BUNDLE: bundle.folder });
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await expect(parts.serviceState).toHaveText(/^service (shutting down|unreachable)/);
    (await stopped)();
    await expect(parts.serviceState).toHaveText(/^service ready · model\s99\.0\.0$/);
    bundle.remove();
    const line = page.locator('.model-change');
    await expect(line).toContainText('The model changed to version 99.0.0. Earlier results');
    await expect(page.getByText(/^This result comes from model version \d/)).toBeVisible();
    await checkAppearance(page, 'operator-model-changed');
    await page.getByRole('button', { name: 'Analyse again' }).click();
    await expect(page.getByText(/^This result comes from model version/)).toHaveCount(0);
    await page.getByRole('button', { name: 'Analyse them again' }).click();
    await expect(line.getByRole('status')).toHaveText('');
    for (const study of await parts.studies.all()) {
      await expect(study.locator('.study-step')).toHaveText(DECIDED);
    }
    await expect(page.locator('.answer dd', { hasText: '99.0.0' })).toBeVisible();
    expect(await page.evaluate(() => window.isStillOpen)).toBe(true);
  });

  test('a volume whose service is killed and comes back at once is read again', async ({
    page,
  }) => {
    const parts = describePage(page);
    await page.goto('/');
    await parts.chooser.setInputFiles({
      name: 'head.nii',
      mimeType: 'application/octet-stream',
      buffer: makeNifti(200),
    });
    await expect(parts.studies.locator('.study-step')).toHaveText(/^reading slice \d+ of \d+$/);
    const begin = await restart('SIGKILL');
    begin();
    await expect(parts.headline).toHaveText('Waiting');
    await expect(parts.headline).toHaveText(DECIDED);
  });
});
