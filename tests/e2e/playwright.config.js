import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';

const API_PORT = '18000';
const WEB_PORT = '18080';
const root = fileURLToPath(new URL('../../', import.meta.url));

const chromiumPath = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));

// With BASE_URL the journeys are made on a stack that runs already.
const webServer = process.env.BASE_URL
  ? undefined
  : [
      {
        name: 'service',
        command: `.venv/bin/tumorscope serve --host 127.0.0.1 --port ${API_PORT}`,
        cwd: root,
        env: { ...process.env, TUMORSCOPE_PORT: API_PORT },
        url: `http://127.0.0.1:${API_PORT}/health/ready`,
        timeout: 600_000,
      },
      {
        name: 'page',
        command: 'npm run build && npm run preview',
        cwd: `${root}frontend`,
        env: { ...process.env, PORT: API_PORT, WEB_PORT },
        url: `http://127.0.0.1:${WEB_PORT}/`,
        timeout: 600_000,
      },
    ];

export default defineConfig({
  testDir: 'journeys',
  outputDir: 'test-results',
  snapshotPathTemplate: 'looks/{arg}{ext}',
  // Where one journey waits for the service, the page of another works.
  workers: Math.min(2, availableParallelism()),
  retries: 0,
  forbidOnly: true,
  // They only end what hangs: no machine is so slow that it needs them.
  timeout: 300_000,
  expect: { timeout: 120_000 },
  reporter: 'list',
  webServer,
  use: {
    baseURL: process.env.BASE_URL ?? `http://127.0.0.1:${WEB_PORT}`,
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: chromiumPath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
        '--disable-quic',
      ],
    },
  },
});
