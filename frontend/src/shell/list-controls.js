import { translate } from '../i18n/translate.js';
import { isPending } from '../state/study.js';
import { findOutcome, ORDERS, OUTCOMES } from '../state/study-order.js';
import { createElement } from './element.js';
import './list-controls.css';

/** @typedef {import('../state/session.js').Session} Session */
/** @typedef {import('../state/study-order.js').Listing} Listing */

const ALL = 'all';

/**
 * How far the session is, and how its list is sorted and filtered; of use with several studies only.
 * @param {HTMLElement} root
 * @param {{ onListed: (listing: Partial<Listing>) => void }} events
 */
export function createListControls(root, { onListed }) {
  const count = createElement('p', { className: 'list-count' });
  const order = createElement('select', {
    onchange: () => onListed({ order: ORDERS.find((one) => one === order.value) }),
  });
  order.setAttribute('aria-label', translate('studyList.order'));
  order.append(...ORDERS.map((one) => createOption(one, translate(`studyList.order.${one}`))));
  const only = createElement('select', {
    onchange: () => onListed({ only: OUTCOMES.find((one) => one === only.value) ?? null }),
  });
  only.setAttribute('aria-label', translate('studyList.only'));
  only.append(
    createOption(ALL, translate('studyList.all')),
    ...OUTCOMES.map((one) => createOption(one, translate(`outcome.${one}`))),
  );
  const choices = createElement('div', { className: 'list-choices' }, [order, only]);
  const controls = createElement('div', { className: 'list-controls' }, [count, choices]);
  root.append(controls);

  return {
    /**
     * @param {Session} session
     * @param {number} listed how many studies are in the list
     */
    update({ studies, listing, wording }, listed) {
      controls.hidden = studies.length < 2;
      choices.hidden = wording === 'patient';
      const words = describeCount(studies, listed);
      if (count.textContent !== words) count.textContent = words;
      order.value = listing.order;
      only.value = listing.only ?? ALL;
      for (const option of only.options) {
        const isAny = studies.some((study) => findOutcome(study) === option.value);
        option.disabled = option.value !== ALL && !isAny;
      }
    },
  };
}

/**
 * @param {string} value
 * @param {string} textContent
 */
function createOption(value, textContent) {
  return createElement('option', { value, textContent });
}

/**
 * @param {Session['studies']} studies
 * @param {number} listed
 */
function describeCount(studies, listed) {
  const values = { listed, count: studies.length, done: 0 };
  values.done = studies.filter((study) => !isPending(study)).length;
  if (values.done < values.count) return translate('studyList.progress', values);
  if (listed < values.count) return translate('studyList.listed', values);
  return translate('studyList.count', values);
}
