import { EXPORT } from './de/export.js';
import { FAILURES } from './de/failures.js';
import { KEYS } from './de/keys.js';
import { MODEL } from './de/model.js';
import { PAGE } from './de/page.js';
import { RESULTS } from './de/results.js';
import { SERVICE } from './de/service.js';
import { VIEWER } from './de/viewer.js';

/**
 * What the page says in German.
 * @type {Record<keyof typeof import('./en.js').EN, string>}
 */
export const DE = {
  ...PAGE,
  ...RESULTS,
  ...SERVICE,
  ...VIEWER,
  ...FAILURES,
  ...MODEL,
  ...KEYS,
  ...EXPORT,
};
