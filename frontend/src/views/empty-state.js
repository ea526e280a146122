import { describeLeftOut } from '../study-facts.js';
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
 * @param {{ onChoose: () => void, onChooseFolder: () => void, onExample: (example: Example) => void }} events
 */
export function createEmptyState(root, { onChoose, onChooseFolder, onExample }) {
  const leftOutLine = createElement('p', { hidden: true });
  leftOutLine.setAttribute('role', 'status');
  const section = createElement('section', { className: 'empty-state' }, [
    createElement('h2', { textContent: 'Drop a brain MRI here' }),
    createElement('p', { className: 'choices' }, [
      createElement('button', {
        type: 'button',
        className: 'main-action',
        textContent: 'Choose files',
        onclick: onChoose,
      }),
      createElement('button', {
        type: 'button',
        textContent: 'Choose a folder',
        onclick: onChooseFolder,
      }),
      ' or paste a picture from the clipboard.',
    ]),
    leftOutLine,
    createElement('p', {
      className: 'accepted',
      textContent:
        'DICOM files or series, NIfTI volumes, ZIP archives of these, a folder of them, or pictures (PNG, JPEG, BMP, ' +
        'TIFF, WebP). Several studies are analysed one after another.',
    }),
    createElement('h3', { textContent: 'No scan at hand? Try a synthetic picture' }),
    createElement(
      'ul',
      { className: 'examples' },
      EXAMPLES.map((example) => createElement('li', {}, [createTryButton(example, onExample)])),
    ),
  ]);
  root.append(section);

  return {
    /**
     * @param {boolean} visible
     * @param {number} leftOut files of a folder that holds nothing to read
     */
    show(visible, leftOut) {
      section.hidden = !visible;
      leftOutLine.hidden = leftOut === 0;
      leftOutLine.textContent =
        leftOut === 0 ? '' : `Nothing to read in this folder: ${describeLeftOut(leftOut)}`;
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
