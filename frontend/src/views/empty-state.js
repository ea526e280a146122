import { createElement } from './element.js';
import './empty-state.css';

/** @typedef {{ url: string, name: string, title: string }} Example */

/** @type {Example[]} */
const EXAMPLES = [
  { url: '/examples/phantom-plain.png', name: 'phantom-plain.png', title: 'Plain phantom' },
  {
    url: '/examples/phantom-lesion-a.png',
    name: 'phantom-lesion-a.png',
    title: 'Phantom, lesion A',
  },
  {
    url: '/examples/phantom-lesion-b.png',
    name: 'phantom-lesion-b.png',
    title: 'Phantom, lesion B',
  },
];

/**
 * The whole middle of the page until there is a study.
 * @param {HTMLElement} root
 * @param {{ onChoose: () => void, onExample: (example: Example) => void }} events
 */
export function createEmptyState(root, { onChoose, onExample }) {
  const section = createElement('section', { className: 'empty-state' }, [
    createElement('h2', { textContent: 'Drop a picture of a brain MRI slice here' }),
    createElement('p', {}, [
      createElement('button', {
        type: 'button',
        className: 'main-action',
        textContent: 'Choose pictures',
        onclick: onChoose,
      }),
      ' or paste one from the clipboard.',
    ]),
    createElement('p', {
      className: 'accepted',
      textContent: 'PNG, JPEG, BMP, TIFF or WebP. Several pictures are analysed one after another.',
    }),
    createElement('h3', { textContent: 'No picture at hand? Try a synthetic one' }),
    createElement(
      'ul',
      { className: 'examples' },
      EXAMPLES.map((example) => createElement('li', {}, [createTryButton(example, onExample)])),
    ),
  ]);
  root.append(section);

  return {
    /** @param {boolean} visible */
    show(visible) {
      section.hidden = !visible;
    },
  };
}

/**
 * @param {Example} example
 * @param {(example: Example) => void} onExample
 */
function createTryButton(example, onExample) {
  return createElement('button', { type: 'button', onclick: () => onExample(example) }, [
    createElement('img', { src: example.url, alt: '', width: 128, height: 128 }),
    createElement('span', { textContent: `Try: ${example.title}` }),
    createElement('span', { className: 'synthetic', textContent: 'synthetic picture' }),
  ]);
}
