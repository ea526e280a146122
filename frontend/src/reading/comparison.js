import { describeStep } from '../answer/study-description.js';
import { translate } from '../i18n/translate.js';
import { createElement } from '../shell/element.js';
import { createSliceView } from './viewer/slice.js';
import './comparison.css';

/** @typedef {import('../state/session.js').Study} Study */

/**
 * A second study beside the selected one; the two viewers move together.
 * @param {HTMLElement} root beside the other's slice
 * @param {HTMLElement} buttons where the second one is chosen
 * @param {import('./viewer/display.js').Displays} displays
 * @param {{ onCompare: (id: number | null) => void } & import('./viewer/slice.js').SliceListeners} listeners
 */
export function createComparison(root, buttons, displays, { onCompare, ...listeners }) {
  const select = createElement('select', {
    onchange: () => onCompare(select.value === '' ? null : Number(select.value)),
  });
  select.setAttribute('aria-label', translate('comparison.with'));
  const choice = createElement('div', { className: 'comparison-choice' }, [select]);
  const name = createElement('p', { className: 'compared-name' });
  const beside = createElement('div', { className: 'compared' }, [name]);
  /** @type {ReturnType<typeof createSliceView> | null} */
  let slice = null;
  /** @type {Parameters<ReturnType<typeof createSliceView>['follow']> | null} */
  let followed = null;
  buttons.append(choice);
  let offered = '';
  let comparedId = 0;

  /**
   * @param {Study[]} others
   * @param {Study | null} compared
   */
  function offer(others, compared) {
    const offering = JSON.stringify(others.map((study) => [study.id, study.name]));
    if (offering !== offered) {
      offered = offering;
      select.replaceChildren(
        createElement('option', { value: '', textContent: translate('comparison.choose') }),
        ...others.map((study) =>
          createElement('option', { value: String(study.id), textContent: study.name }),
        ),
      );
    }
    choice.hidden = others.length === 0;
    select.value = compared === null ? '' : String(compared.id);
  }

  return {
    /** @param {Study[]} studies */
    keepOnly: (studies) => slice?.keepOnly(studies),
    /**
     * @param {import('./viewer/display.js').Display} display
     * @param {number} sliceCount
     */
    follow(display, sliceCount) {
      followed = [display, sliceCount];
      if (beside.isConnected) slice?.follow(display, sliceCount);
    },
    /**
     * @param {import('../state/session.js').Session} session
     * @param {Study} selected
     * @param {Study | null} compared
     * @param {import('../state/volumes.js').Volume | null} volume of the compared one
     */
    update({ studies, wording }, selected, compared, volume) {
      const others = studies.filter(({ id, phase }) => phase === 'done' && id !== selected.id);
      offer(others, compared);
      root.classList.toggle('comparing', compared !== null);
      if (compared === null) {
        beside.remove();
        return;
      }
      const isNew = !beside.isConnected || compared.id !== comparedId;
      comparedId = compared.id;
      if (!beside.isConnected) root.append(beside);
      slice ??= createSliceView(beside, displays, listeners);
      name.textContent = `${compared.name} · ${describeStep(compared, wording)}`;
      slice.update(compared, volume);
      if (isNew && followed !== null) slice.follow(...followed);
    },
  };
}
