import { readFileSync } from 'node:fs';
import { expect, test } from '../page.js';

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
