import { describeOutcome } from '../answer/study-description.js';
import { describeLeftOut } from '../answer/study-facts.js';
import { translate } from '../i18n/translate.js';
import { isActive } from '../state/study.js';
import { listStudies } from '../state/study-order.js';
import { createButton, createElement } from './element.js';
import { createListControls } from './list-controls.js';
import { attachRoving } from './roving.js';
import './study-list.css';

/** @typedef {import('../state/session.js').Study} Study */
/** @typedef {import('../state/session.js').Wording} Wording */

/**
 * @param {HTMLElement} root
 * @param {{ onSelect: (id: number) => void, onChoose: () => void, onChooseFolder: () => void,
 *   onListed: (listing: Partial<import('../state/study-order.js').Listing>) => void }} events
 */
export function createStudyList(root, { onSelect, onChoose, onChooseFolder, onListed }) {
  /** @type {Map<number, ReturnType<typeof createRow>>} */
  const rows = new Map();
  const list = createElement('ul');
  const leftOutLine = createElement('p', { className: 'left-out' });
  const navigation = createElement('nav', { className: 'study-list' });
  const controls = createListControls(navigation, { onListed });
  navigation.append(
    list,
    createButton(translate('studyList.addFiles'), onChoose, { className: 'add-button' }),
    createButton(translate('studyList.addFolder'), onChooseFolder, { className: 'add-button' }),
    leftOutLine,
  );
  const roving = attachRoving(list, 'button', ['ArrowUp', 'ArrowDown']);
  navigation.setAttribute('aria-label', translate('studyList.name'));
  root.append(navigation);

  /**
   * What moves loses the focus.
   * @param {HTMLElement} item
   * @param {number} place
   */
  function move(item, place) {
    const focused = document.activeElement;
    list.insertBefore(item, list.children[place] ?? null);
    if (focused instanceof HTMLElement && item.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  }

  return {
    /** @param {import('../state/session.js').Session} session */
    update(session) {
      const { selectedId, leftOut, wording } = session;
      const studies = listStudies(session);
      controls.update(session, studies.length);
      leftOutLine.hidden = leftOut === 0;
      leftOutLine.textContent = leftOut === 0 ? '' : describeLeftOut(leftOut);
      for (const [id, row] of rows) {
        if (studies.some((study) => study.id === id)) continue;
        row.item.remove();
        rows.delete(id);
      }
      for (const [place, study] of studies.entries()) {
        let row = rows.get(study.id);
        if (row === undefined) {
          row = createRow(study, onSelect);
          rows.set(study.id, row);
        }
        if (list.children[place] !== row.item) move(row.item, place);
        row.update(study, study.id === selectedId, wording);
      }
      roving.refresh();
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
     * @param {Wording} wording
     */
    update(study, selected, wording) {
      const words = describeOutcome(study, wording);
      if (step.textContent !== words) step.textContent = words;
      step.classList.toggle('failed', study.phase === 'failed');
      line.hidden = !isActive(study);
      line.style.setProperty('--done', String(measureDone(study)));
      button.setAttribute('aria-current', String(selected));
    },
  };
}

/**
 * Progress of the step the study is at.
 * @param {Study} study
 * @returns {number} in 0..1
 */
function measureDone({ phase, uploaded, read }) {
  if (phase !== 'analysing') return uploaded;
  return read === null || read.total < 2 ? 1 : read.done / read.total;
}
