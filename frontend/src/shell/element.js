import { getLanguage } from '../i18n/translate.js';

const SVG = 'http://www.w3.org/2000/svg';

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

/**
 * @param {string} textContent
 * @param {() => void} onclick
 * @param {Partial<HTMLButtonElement>} [properties]
 */
export function createButton(textContent, onclick, properties = {}) {
  return createElement('button', { type: 'button', textContent, onclick, ...properties });
}

/**
 * A term and its value, for a description list.
 * @param {[string, string]} fact
 */
export function createFact([term, value]) {
  return [createElement('dt', { textContent: term }), createElement('dd', { textContent: value })];
}

/**
 * An element of a drawing (SVG).
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
export function createShape(name, attributes) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
