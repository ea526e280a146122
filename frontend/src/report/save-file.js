import { createElement } from '../shell/element.js';

/**
 * Hands a text to the browser as a download; nothing of it stays on the page.
 * @param {string} name
 * @param {string} text
 * @param {string} type
 */
export function saveFile(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  createElement('a', { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
