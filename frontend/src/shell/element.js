import { getLanguage } from '../i18n/translate.js';

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties] text goes in as `textContent` only
 * @param {(Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function createElement(tag, properties = {}, children = []) {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  element.append(...children);
  return element;
}

/**
 * A sentence that may be in another language than the page.
 * @param {'p' | 'li'} tag
 * @param {import('../i18n/sentence.js').Sentence} sentence
 */
export function createSentence(tag, { text, language }) {
  const element = createElement(tag, { textContent: text });
  if (language !== getLanguage()) element.lang = language;
  return element;
}
