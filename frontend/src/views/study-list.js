import { isActive } from '../state/session.js';
import { describeStep } from '../study-description.js';
import { createElement } from './element.js';
import './study-list.css';

/** @typedef {import('../state/session.js').Study} Study */

/**
 * @param {HTMLElement} root
 * @param {{ onSelect: (id: number) => void, onChoose: () => void }} events
 */
export function createStudyList(root, { onSelect, onChoose }) {
  /** @type {Map<number, ReturnType<typeof createRow>>} */
  const rows = new Map();
  const list = createElement('ul');
  const addButton = createElement('button', {
    type: 'button',
    className: 'add-button',
    textContent: 'Add pictures',
    onclick: onChoose,
  });
  const navigation = createElement('nav', { className: 'study-list' }, [list, addButton]);
  navigation.setAttribute('aria-label', 'Studies');
  root.append(navigation);

  return {
    /**
     * @param {Study[]} studies
     * @param {number | null} selectedId
     */
    update(studies, selectedId) {
      for (const study of studies) {
        let row = rows.get(study.id);
        if (row === undefined) {
          row = createRow(study, onSelect);
          rows.set(study.id, row);
          list.append(row.item);
        }
        row.update(study, study.id === selectedId);
      }
    },

    /** @param {number} id */
    focus(id) {
      const button = rows.get(id)?.button;
      button?.focus({ preventScroll: true });
      button?.scrollIntoView({ block: 'nearest', inline: 'center' });
    },
  };
}

/**
 * @param {Study} study
 * @param {(id: number) => void} onSelect
 */
function createRow({ id, name }, onSelect) {
  const step = createElement('span', { className: 'study-step' });
  const line = createElement('span', { className: 'study-line' });
  const button = createElement('button', { type: 'button', onclick: () => onSelect(id) }, [
    createElement('span', { className: 'study-name', textContent: name, title: name }),
    step,
    line,
  ]);
  const item = createElement('li', {}, [button]);

  return {
    item,
    button,
    /**
     * @param {Study} study
     * @param {boolean} selected
     */
    update(study, selected) {
      const words = describeStep(study);
      if (step.textContent !== words) step.textContent = words;
      step.classList.toggle('failed', study.phase === 'failed');
      line.hidden = !isActive(study);
      line.style.setProperty('--done', String(study.phase === 'analysing' ? 1 : study.uploaded));
      button.setAttribute('aria-current', String(selected));
    },
  };
}
