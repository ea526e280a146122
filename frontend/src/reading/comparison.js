import { describeStep } from '../answer/study-description.js';
import { translate } from '../i18n/translate.js';
import { createElement } from '../shell/element.js';
import { listOtherSeries } from '../state/study.js';
import { createSliceView } from './viewer/slice.js';
import './comparison.css';

/** @typedef {import('../state/session.js').Study} Study */

// Before the UID of a series, among the numbers of studies.
const SERIES = 'series ';

/**
 * A second study beside the selected one, or another series of it; the two viewers move together.
 * @param {HTMLElement} root beside the other's slice
 * @param {HTMLElement} buttons where the second one is chosen
 * @param {import('./viewer/display.js').Displays} displays
 * @param {{ onCompare: (id: number | null, series: string | null) => void } &
 *   import('./viewer/slice.js').SliceListeners} listeners
 */
export function createComparison(root, buttons, displays, { onCompare, ...listeners }) {
  const select = createElement('select', {
    onchange: () => {
      const { value } = select;
      if (value.startsWith(SERIES)) onCompare(null, value.slice(SERIES.length));
      else onCompare(value === '' ? null : Number(value), null);
    },
  });
  select.setAttribute('aria-label', translate('comparison.with'));
  const choice = createElement('div', { className: 'comparison-choice' }, [select]);
  const name = createElement('p', { className: 'compared-name' });
  const beside = createElement('div', { className: 'compared' }, [name]);
  /** @type {ReturnType<typeof createSliceView> | null} */
  let slice = null;
  /** @type {import('./viewer/slice.js').Seen | null} */
  let followed = null;
  buttons.append(choice);
  let offered = '';
  let shown = '';

  /**
   * @param {Study[]} others
   * @param {Study} selected
   * @param {Study | null} compared
   */
  function offer(others, selected, compared) {
    const series = listOtherSeries(selected);
    const studies = others.map(({ id, name }) => [String(id), name]);
    const stacks = series.map(({ uid, description }) => [SERIES + uid, description]);
    const offering = JSON.stringify([studies, stacks]);
    if (offering !== offered) {
      offered = offering;
      select.replaceChildren(
        createElement('option', { value: '', textContent: translate('comparison.choose') }),
        ...createGroup(translate('comparison.series'), stacks),
        ...createGroup(translate('comparison.studies'), studies),
      );
    }
    choice.hidden = studies.length + stacks.length === 0;
    select.value = compared === null ? '' : nameChoice(compared, selected);
  }

  return {
    /** @param {Study[]} studies */
    keepOnly: (studies) => slice?.keepOnly(studies),
    /** @param {import('./viewer/slice.js').Seen} seen */
    follow(seen) {
      followed = seen;
      if (beside.isConnected) slice?.follow(seen);
    },
    /**
     * @param {import('../state/session.js').Session} session
     * @param {Study} selected
     * @param {Study | null} compared
     * @param {import('../state/volumes.js').Volume | null} volume of the compared one
     */
    update({ studies, wording }, selected, compared, volume) {
      const others = studies.filter(({ id, phase }) => phase === 'done' && id !== selected.id);
      offer(others, selected, compared);
      root.classList.toggle('comparing', compared !== null);
      if (compared === null) {
        beside.remove();
        return;
      }
      // A series is hung by its voxels, as soon as they are here.
      const now = `${nameChoice(compared, selected)} ${volume?.state}`;
      const isNew = !beside.isConnected || now !== shown;
      shown = now;
      if (!beside.isConnected) root.append(beside);
      slice ??= createSliceView(beside, displays, listeners);
      name.textContent =
        compared.prediction === null
          ? compared.name || translate('series.unnamed')
          : `${compared.name} · ${describeStep(compared, wording)}`;
      slice.update(compared, volume, wording);
      if (isNew && followed !== null) slice.follow(followed);
    },
  };
}

/**
 * @param {Study} compared
 * @param {Study} selected
 */
function nameChoice(compared, selected) {
  return compared.id === selected.id ? SERIES + compared.series : String(compared.id);
}

/**
 * @param {string} label
 * @param {string[][]} choices value and name
 */
function createGroup(label, choices) {
  if (choices.length === 0) return [];
  const options = choices.map(([value = '', name]) =>
    createElement('option', { value, textContent: name || translate('series.unnamed') }),
  );
  return [createElement('optgroup', { label }, options)];
}
