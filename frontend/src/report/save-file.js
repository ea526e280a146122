import { createElement } from '../shell/element.js';

/**
 * Offers a text as a download; its object URL is revoked at once.
 * @param {string} name
 * @param {string} text
 * @param {string} type
 */
export function saveFile(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  createElement('a', { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
