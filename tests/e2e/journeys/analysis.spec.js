import { readFileSync } from 'node:fs';
import { describeClass } from '../../../frontend/src/answer/decision.js';
import { DECIDED, describePage, expect, readAnswer, test } from '../page.js';
import { findExample, findScans, WHY_SKIPPED } from '../scans.js';

const SENTENCES = {
  tumor: ({ label }) => (label === null ? 'Tumour likely' : `Tumour likely: ${label}`),
  no_tumor: () => 'No tumour seen',
  uncertain: () => /^Not certain/,
};

/** Percent as a number; "< 1 %" and "> 99 %" count as the middle of what they cover. */
function readPercentage(text) {
  const number = Number(text.match(/\d+/)[0]);
  if (text.startsWith('<')) return number / 2;
  return text.startsWith('>') ? number + 0.5 : number;
}

for (const label of ['glioma', 'no_tumor']) {
  test(`a real scan (${label}) gets a decision, and its bars say what the answer says`, async ({
    page,
  }) => {
    const [scan] = findScans(label, 1);
    test.skip(scan === undefined, WHY_SKIPPED);
    const parts = describePage(page);
    await page.goto('/');
    await parts.chooser.setInputFiles(scan);
    await expect(parts.headline).toHaveText(DECIDED);

    const answer = await readAnswer(page);
    await expect(parts.headline).toHaveText(SENTENCES[answer.decision](answer));
    await expect(parts.bars).toHaveCount(Object.keys(answer.probabilities).length);
    let sum = 0;
    for (const [name, probability] of Object.entries(answer.probabilities)) {
      const bar = parts.bars.filter({ hasText: describeClass(name) });
      const percent = readPercentage(await bar.locator('.bar-number').textContent());
      expect(Math.abs(percent - probability * 100), name).toBeLessThanOrEqual(0.5);
      sum += percent;
    }
    expect(Math.abs(sum - 100)).toBeLessThanOrEqual(2);
    await expect(parts.serviceState).toHaveText(`service ready · model ${answer.model.version}`);
    await expect(parts.notice).toBeInViewport();
  });
}

test('a synthetic example gets a decision @smoke', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await page.getByRole('button', { name: /Try: Phantom with lesion A/ }).click();
  await expect(parts.headline).toHaveText(DECIDED);
  await expect(page.getByRole('img', { name: 'Slice phantom-lesion-a.png' })).toBeVisible();
  await expect(parts.bars).not.toHaveCount(0);
});

test('several pictures are analysed one after another and stay in the list', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  const names = ['phantom-plain.png', 'phantom-lesion-a.png', 'phantom-lesion-b.png'];
  await parts.chooser.setInputFiles(names.map(findExample));
  for (const [index, name] of names.entries()) {
    await expect(parts.studies.nth(index).locator('.study-name')).toHaveText(name);
    await expect(parts.studies.nth(index).locator('.study-step')).toHaveText(DECIDED);
  }
  const requests = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.includes('/api/predict?'))
      .map(({ startTime, responseEnd }) => ({ startTime, responseEnd })),
  );
  expect(requests).toHaveLength(names.length);
  for (const [index, { startTime }] of requests.entries()) {
    expect(startTime).toBeGreaterThanOrEqual(requests[index - 1]?.responseEnd ?? 0);
  }

  await parts.studies.nth(2).getByRole('button').click();
  await expect(page.getByRole('img', { name: 'Slice phantom-lesion-b.png' })).toBeVisible();
  const [word] = (await parts.studies.nth(2).locator('.study-step').textContent()).split(' · ');
  await expect(parts.headline).toContainText(word);
});

test('a dropped and a pasted picture are analysed like a chosen one', async ({ page }) => {
  const parts = describePage(page);
  const bytes = readFileSync(findExample('phantom-plain.png')).toString('base64');
  await page.goto('/');
  for (const way of ['drop', 'paste']) {
    const data = await page.evaluateHandle(
      ([content, name]) => {
        const transfer = new DataTransfer();
        const pixels = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
        transfer.items.add(new File([pixels], name, { type: 'image/png' }));
        return transfer;
      },
      [bytes, `${way}.png`],
    );
    await page.evaluate(
      ([name, transfer]) => {
        const event =
          name === 'drop'
            ? new DragEvent('drop', { dataTransfer: transfer, bubbles: true })
            : new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true });
        document.body.dispatchEvent(event);
      },
      [way, data],
    );
    const study = parts.studies.filter({ hasText: `${way}.png` });
    await expect(study.locator('.study-step')).toHaveText(DECIDED);
  }
});

test('the answer can be read as JSON', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles(findExample('phantom-plain.png'));
  await page.getByText('JSON', { exact: true }).click();
  await expect(parts.json).toBeVisible();
  await expect(parts.json).toContainText('"decision": ');
});

test('a format this browser cannot show is analysed and shown all the same', async ({ page }) => {
  const parts = describePage(page);
  await page.goto('/');
  await parts.chooser.setInputFiles({
    name: 'slice.tiff',
    mimeType: 'image/tiff',
    buffer: makeTiff(256),
  });
  await expect(parts.headline).toHaveText(DECIDED);
  // The service sends what it read.
  await expect(page.getByRole('img', { name: 'Slice slice.tiff' })).toBeVisible();
});

/** An uncompressed 8-bit grey TIFF (TIFF 6.0, baseline): a bright disc on black. */
function makeTiff(side) {
  const entries = [
    [256, 3, side],
    [257, 3, side],
    [258, 3, 8],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 122],
    [277, 3, 1],
    [278, 3, side],
    [279, 4, side * side],
  ];
  const header = Buffer.alloc(122);
  header.write('II*\0', 0, 'latin1');
  header.writeUInt32LE(8, 4);
  header.writeUInt16LE(entries.length, 8);
  for (const [index, [tag, type, value]] of entries.entries()) {
    const offset = 10 + index * 12;
    header.writeUInt16LE(tag, offset);
    header.writeUInt16LE(type, offset + 2);
    header.writeUInt32LE(1, offset + 4);
    header.writeUInt32LE(value, offset + 8);
  }
  const pixels = Buffer.alloc(side * side);
  for (let index = 0; index < pixels.length; index += 1) {
    const x = (index % side) - side / 2;
    const y = Math.floor(index / side) - side / 2;
    pixels[index] = Math.hypot(x, y) < side / 3 ? 128 : 0;
  }
  return Buffer.concat([header, pixels]);
}
