import { EXPORT } from './en/export.js';
import { FAILURES } from './en/failures.js';
import { KEYS } from './en/keys.js';
import { MODEL } from './en/model.js';
import { PAGE } from './en/page.js';
import { RESULTS } from './en/results.js';
import { SERVICE } from './en/service.js';
import { VIEWER } from './en/viewer.js';

/** What the page says in English, by key; a value's name stands in braces. Keys begin with the view that says it. */
export const EN = {
  ...PAGE,
  ...RESULTS,
  ...SERVICE,
  ...VIEWER,
  ...FAILURES,
  ...MODEL,
  ...KEYS,
  ...EXPORT,
};
