import { describeClass } from '../answer/decision.js';
import { formatNumber } from '../i18n/format.js';
import { formatShare } from '../i18n/percentage.js';
import { isMessageKey, translate } from '../i18n/translate.js';
import { createElement } from '../shell/element.js';
import './tables.css';

/** @typedef {import('./model-card.js').ModelCard} ModelCard */
/** @typedef {import('../i18n/translate.js').MessageKey} MessageKey */
/** @typedef {string | HTMLElement} Cell */

export const ABSENT = '–';

/**
 * A table that scrolls by itself where it is too wide; nothing where it has no row.
 * @param {MessageKey} name
 * @param {string[]} heads
 * @param {Cell[][]} rows the first cell of each is its head
 */
export function createTable(name, heads, rows) {
  if (rows.length === 0) return [];
  const table = createElement('table', {}, [
    createElement('thead', {}, [createElement('tr', {}, heads.map(createColumnHead))]),
    createElement('tbody', {}, rows.map(createRow)),
  ]);
  const frame = createElement('div', { className: 'model-table', tabIndex: 0 }, [table]);
  frame.setAttribute('role', 'region');
  frame.setAttribute('aria-label', translate(name));
  return [frame];
}

/** @param {string} textContent */
function createColumnHead(textContent) {
  return createElement('th', { scope: 'col', textContent });
}

/** @param {Cell[]} cells */
function createRow([head = '', ...cells]) {
  return createElement('tr', {}, [
    createElement('th', { scope: 'row' }, [head]),
    ...cells.map((cell) => createElement('td', {}, [cell])),
  ]);
}

/** @param {ModelCard} card */
export function createPointTable({ points }) {
  const heads = [
    translate('model.point'),
    translate('model.pointAnswered'),
    translate('model.pointRight'),
  ];
  const rows = points.map(({ name, answered, right }) => {
    const key = `model.point.${name}`;
    return [
      isMessageKey(key) ? translate(key) : name,
      ...[answered, right].map((share) => (share === null ? ABSENT : formatShare(share))),
    ];
  });
  return createTable('model.pointsTitle', heads, rows);
}

/** @param {ModelCard} card */
export function createCountTable({ counts }) {
  const heads = [
    translate('model.class'),
    translate('model.trainingSlices'),
    translate('model.heldOutSlices'),
  ];
  const rows = counts.map(({ name, training, heldOut }) => [
    describeClass(name),
    ...[training, heldOut].map((count) => (count === null ? ABSENT : formatNumber(count))),
  ]);
  return createTable('model.dataTitle', heads, rows);
}

/** @param {ModelCard} card */
export function createDataTable({ data }) {
  const heads = [
    translate('model.collection'),
    translate('model.license'),
    translate('model.usedFor'),
  ];
  const rows = data.map(({ name, license, used_for }) =>
    [name, license, used_for].map((textContent) =>
      createElement('span', { lang: 'en', textContent }),
    ),
  );
  return createTable('model.collection', heads, rows);
}
