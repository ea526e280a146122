import { createServer } from 'node:http';
import { expect, test } from '@playwright/test';

test.use({
  launchOptions: async ({ launchOptions }, use) => {
    const rule = '--host-resolver-rules=MAP rebound.example 127.0.0.1';
    await use({ ...launchOptions, args: [...(launchOptions.args ?? []), rule] });
  },
});

/** @type {import('node:http').Server} */
let elsewhere;
/** @type {string} */
let port;

test.beforeAll(async () => {
  elsewhere = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<title>elsewhere</title>');
  });
  await new Promise((resolve) => elsewhere.listen(0, '127.0.0.1', () => resolve(undefined)));
  port = String(/** @type {import('node:net').AddressInfo} */ (elsewhere.address()).port);
});

test.afterAll(() => elsewhere.close());

for (const host of ['127.0.0.1', 'localhost']) {
  test(`a page of another origin (${host}) makes no prediction and reads no answer`, async ({
    page,
    baseURL,
  }) => {
    await page.goto(`http://${host}:${port}/`);
    // The page gets no response to look at, and so Playwright has none either.
    const network = await page.context().newCDPSession(page);
    await network.send('Network.enable');
    // Nothing says whether a request is told of before its answer's status. The browser asks for an icon too.
    const urls = new Map();
    const statuses = new Map();
    network.on('Network.requestWillBeSent', ({ requestId, request }) =>
      urls.set(requestId, request.url),
    );
    network.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) =>
      statuses.set(requestId, statusCode),
    );
    const statusOfPrediction = () => {
      const sent = [...urls].find(([, url]) => url.endsWith('/api/predict'));
      return sent && statuses.get(sent[0]);
    };
    // What needs no preflight, and so is sent by any page.
    await page.evaluate(
      (url) => fetch(url, { method: 'POST', mode: 'no-cors', body: 'scan' }).catch(() => {}),
      `${baseURL}/api/predict`,
    );
    await expect.poll(statusOfPrediction).toBe(403);
    const read = (/** @type {string} */ url) => fetch(url).then((answer) => answer.text());
    await expect(page.evaluate(read, `${baseURL}/api/health`)).rejects.toThrow('Failed to fetch');
  });

  test(`a form of another origin (${host}) makes no prediction`, async ({ page, baseURL }) => {
    await page.goto(`http://${host}:${port}/`);
    const posted = page.waitForResponse((response) => response.url().endsWith('/api/predict'));
    await page.evaluate((url) => {
      const form = Object.assign(document.createElement('form'), { method: 'POST', action: url });
      document.body.append(form);
      form.submit();
    }, `${baseURL}/api/predict`);
    expect((await posted).status()).toBe(403);
  });
}

test('a name that was made to lead to this machine is not answered', async ({ page, baseURL }) => {
  const rebound = new URL('/api/health', baseURL);
  rebound.hostname = 'rebound.example';
  const response = await page.goto(rebound.href);
  expect([403, 421]).toContain(response?.status());
});
