import { describeLeftOut } from '../answer/study-facts.js';
import { translate } from '../i18n/translate.js';
import { createButton, createElement } from '../shell/element.js';
import './empty-state.css';

/** @typedef {import('../i18n/translate.js').MessageKey} MessageKey */
/** @typedef {{ url: string, preview: string, name: string, title: MessageKey, kind: MessageKey }} Example */

/** @type {Example[]} */
const EXAMPLES = [
  createExample('phantom-plain.png', 'emptyState.plain', 'emptyState.synthetic'),
  createExample('phantom-lesion-a.png', 'emptyState.lesionA', 'emptyState.synthetic'),
  createExample('phantom-lesion-b.png', 'emptyState.lesionB', 'emptyState.synthetic'),
  createExample('phantom-volume.nii.gz', 'emptyState.volume', 'emptyState.syntheticVolume'),
];

/**
 * Fills the middle of the page until there is a study.
 * @param {HTMLElement} root
 * @param {{ onChoose: () => void, onChooseFolder: () => void, onExample: (example: Example) => void }} events
 */
export function createEmptyState(root, { onChoose, onChooseFolder, onExample }) {
  const chooseButton = createButton(translate('emptyState.chooseFiles'), onChoose, {
    className: 'main-action',
  });
  const leftOutLine = createElement('p', { hidden: true });
  leftOutLine.setAttribute('role', 'status');
  const section = createElement('section', { className: 'empty-state' }, [
    createElement('h2', { textContent: translate('emptyState.title') }),
    createElement('p', { className: 'choices' }, [
      chooseButton,
      createButton(translate('emptyState.chooseFolder'), onChooseFolder),
      ` ${translate('emptyState.paste')}`,
    ]),
    leftOutLine,
    createElement('p', {
      className: 'accepted',
      textContent: translate('emptyState.accepted'),
    }),
    createElement('p', { textContent: translate('removal.nothingKept') }),
    createElement('h3', { textContent: translate('emptyState.examples') }),
    createElement(
      'ul',
      { className: 'examples' },
      EXAMPLES.map((example) => createElement('li', {}, [createTryButton(example, onExample)])),
    ),
  ]);
  root.append(section);

  return {
    focus: () => chooseButton.focus(),

    /**
     * @param {boolean} visible
     * @param {number} leftOut files of a folder that holds nothing to read
     */
    show(visible, leftOut) {
      section.hidden = !visible;
      leftOutLine.hidden = leftOut === 0;
      leftOutLine.textContent =
        leftOut === 0
          ? ''
          : translate('emptyState.nothingRead', { leftOut: describeLeftOut(leftOut) });
    },
  };
}

/**
 * The page shows a small preview, which loads fast, and sends the full file.
 * @param {string} name of the file
 * @param {MessageKey} title
 * @param {MessageKey} kind
 * @returns {Example}
 */
function createExample(name, title, kind) {
  const [stem] = name.split('.');
  return { url: `/examples/${name}`, preview: `/examples/${stem}-preview.webp`, name, title, kind };
}

/**
 * @param {Example} example
 * @param {(example: Example) => void} onExample
 */
function createTryButton(example, onExample) {
  return createElement('button', { type: 'button', onclick: () => onExample(example) }, [
    createElement('img', { src: example.preview, alt: '', width: 128, height: 128 }),
    createElement('span', {
      textContent: translate('emptyState.try', { example: translate(example.title) }),
    }),
    createElement('span', { className: 'synthetic', textContent: translate(example.kind) }),
  ]);
}
