// The built page in dist/ in, its weight on the wire out: it fails where the first load is heavier than it may be.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const MOST_BYTES = 120_000;
// As nginx compresses by itself.
const GZIP_LEVEL = 1;

const page = readFileSync(new URL('dist/index.html', import.meta.url), 'utf8');
// What the page names itself is loaded at once, and the previews of the examples; what a script imports when it needs it
// is not.
const named = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)];
const previews = readdirSync(new URL('dist/examples', import.meta.url))
  .filter((name) => name.endsWith('-preview.webp'))
  .map((name) => `/examples/${name}`);
const paths = ['/index.html', '/favicon.svg', ...named.map(([, path]) => path), ...previews];
const sizes = paths.map((path) => {
  const bytes = readFileSync(new URL(`dist${path}`, import.meta.url));
  return gzipSync(bytes, { level: GZIP_LEVEL }).length;
});
const total = sizes.reduce((sum, size) => sum + size, 0);

console.log(`First load: ${(total / 1000).toFixed(1)} kB compressed, in ${paths.length} files`);
if (named.length < 2) throw new Error('The built page names no script or no style.');
if (total > MOST_BYTES) throw new Error(`That is more than ${MOST_BYTES / 1000} kB.`);
