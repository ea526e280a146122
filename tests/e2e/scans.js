import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DATA =
  process.env.TUMORSCOPE_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../frontend/public/examples', import.meta.url));

export const WHY_SKIPPED =
  'no real scans here: set TUMORSCOPE_DATA to the folder that holds slices/<label>/*.jpg';

/**
 * @param {string} label a folder of the data set
 * @param {number} count
 * @returns {string[]} paths, fewer than asked where there are fewer
 */
export function findScans(label, count) {
  const folder = join(DATA, 'slices', label);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
  return names
    .sort()
    .slice(0, count)
    .map((name) => join(folder, name));
}

/** @param {string} name */
export function findExample(name) {
  return join(EXAMPLES, name);
}
