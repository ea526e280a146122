/**
 * What the page says in German.
 * @type {Record<keyof typeof import('./en.js').EN, string>}
 */
export const DE = {
  'language.name': 'Deutsch',
  'language.short': 'DE',
};
