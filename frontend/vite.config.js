import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const securityHeaders = JSON.parse(
  readFileSync(new URL('./security-headers.json', import.meta.url), 'utf8'),
);

/**
 * A service that is down is a 502, as behind any gateway; Vite's own answer would be a 500.
 * @type {NonNullable<import('vite').ProxyOptions['configure']>}
 */
const answerBadGateway = (proxy) => {
  proxy.on('error', (_error, _request, response) => {
    if ('headersSent' in response && !response.headersSent) {
      response.writeHead(502, { 'Content-Type': 'text/plain' });
    }
    response.end();
  });
  // Else a request that is under way when the service is killed would never end.
  proxy.on('proxyRes', (answer, _request, response) => {
    answer.once('close', () => {
      if (!answer.complete) response.destroy();
    });
  });
};

const address = {
  host: '127.0.0.1',
  port: Number(process.env.WEB_PORT || 8080),
  strictPort: true,
  // Vite would let the pages of every origin on this machine read the answers.
  cors: false,
  proxy: {
    '/api': {
      target: `http://127.0.0.1:${process.env.PORT || 8000}`,
      rewrite: (/** @type {string} */ path) => path.replace(/^\/api/, ''),
      configure: answerBadGateway,
    },
  },
};

export default defineConfig({
  // One page: an unknown path is a 404, not the page again.
  appType: 'mpa',
  // NiiVue reads a format of compressed blocks too, by WebAssembly that the page's policy would not let run.
  resolve: {
    alias: [
      {
        find: /^numcodecs\/.+/,
        replacement: fileURLToPath(new URL('./src/reading/planes/no-codec.js', import.meta.url)),
      },
    ],
  },
  // NiiVue alone is larger than what is warned of; it is fetched when it is first opened.
  build: {
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
    // What NiiVue and what it is made of ask of whoever passes them on.
    license: { fileName: 'licenses.md' },
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' },
  // The unit tests stand beside the other tests of the project, outside this folder.
  server: { ...address, fs: { allow: ['.', '../tests/frontend'] } },
  preview: { ...address, headers: securityHeaders },
  test: {
    dir: '../tests/frontend',
    environment: 'jsdom',
    globals: true,
    pool: 'threads',
    isolate: false,
    testTimeout: 60_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
