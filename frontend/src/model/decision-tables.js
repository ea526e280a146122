import { describeClass } from '../answer/decision.js';
import { describeSequence } from '../answer/service-messages.js';
import { formatNumber } from '../i18n/format.js';
import { formatShare } from '../i18n/percentage.js';
import { translate } from '../i18n/translate.js';
import { createElement } from '../shell/element.js';
import { areFew, EXTERNAL, HELD_OUT, PICTURES } from './decisions.js';
import { ABSENT, createTable } from './tables.js';
import './decision-tables.css';

/** @typedef {import('./model-card.js').ModelCard} ModelCard */
/** @typedef {import('./decisions.js').DecisionRow} DecisionRow */
/** @typedef {import('../i18n/translate.js').MessageKey} MessageKey */

const NOT_STATED = 'not stated';

/**
 * How the service answers, of slices and of studies: all of them at once, and on request by sequence and source.
 * @param {ModelCard} card
 */
export function createDecisionTables({ decisions: { slices, studies } }) {
  return [
    ...createHeadTable('decisions.slices', slices),
    ...createHeadTable('decisions.studies', studies),
    ...createFurtherTable('decisions.bySequence.slices', slices, 'sequence'),
    ...createFurtherTable('decisions.bySequence.studies', studies, 'sequence'),
    ...createFurtherTable('decisions.bySource.slices', slices, 'source'),
    ...createFurtherTable('decisions.bySource.studies', studies, 'source'),
  ];
}

/**
 * @param {MessageKey} title
 * @param {DecisionRow[]} rows
 */
function createHeadTable(title, rows) {
  const table = createDecisionTable(title, rows, 'all');
  if (table.length === 0) return [];
  return [createElement('h4', { textContent: translate(title) }), ...table];
}

/**
 * @param {MessageKey} title
 * @param {DecisionRow[]} rows
 * @param {string} by
 */
function createFurtherTable(title, rows, by) {
  const table = createDecisionTable(title, rows, by);
  if (table.length === 0) return [];
  return [
    createElement('details', { className: 'decision-details' }, [
      createElement('summary', { textContent: translate(title) }),
      ...table,
    ]),
  ];
}

/**
 * @param {MessageKey} title
 * @param {DecisionRow[]} rows
 * @param {string} by
 */
function createDecisionTable(title, rows, by) {
  const heads = [
    translate('decisions.group'),
    translate('decisions.truth'),
    translate('decisions.count'),
    translate('decisions.tumor'),
    translate('decisions.noTumor'),
    translate('decisions.uncertain'),
    translate('decisions.refused'),
    translate('decisions.right'),
  ];
  const cells = rows.filter((row) => row.by === by).map(createCells);
  return createTable(title, heads, cells);
}

/** @param {DecisionRow} row */
function createCells(row) {
  const { count, people, tumor, noTumor, uncertain, refused, right } = row;
  return [
    createGroupName(row),
    describeClass(row.truth),
    createCell(formatNumber(count), describePeople(people)),
    createShare(row, 'tumor', tumor, count),
    createShare(row, 'no_tumor', noTumor, count),
    createShare(row, 'uncertain', uncertain, count),
    createShare(row, 'refused', refused, count),
    createShare(row, 'right', right, tumor + noTumor),
  ];
}

/** @param {DecisionRow} row */
function createGroupName({ by, name }) {
  if (by === 'sequence') {
    return name === NOT_STATED ? translate('decisions.notStated') : describeSequence(name);
  }
  if (name === HELD_OUT) return translate('decisions.heldOut');
  if (name === EXTERNAL) return translate('decisions.external');
  if (name === PICTURES) return translate('decisions.pictures');
  return createElement('span', { lang: 'en', textContent: name });
}

/** @param {number} people */
function describePeople(people) {
  return people === 1
    ? translate('decisions.people.one')
    : translate('decisions.people.other', { count: people });
}

/**
 * @param {DecisionRow} row
 * @param {string} answer
 * @param {number} count
 * @param {number} total
 */
function createShare({ people, intervals }, answer, count, total) {
  if (total === 0) return ABSENT;
  if (areFew(people, total)) return translate('decisions.countOf', { count, total });
  const share = formatShare(count / total);
  const interval = intervals[answer];
  // Where all people agree the bootstrap has no spread, which is no certainty.
  if (interval === undefined || interval[0] === interval[1]) return share;
  const [low, high] = interval;
  const range = translate('model.range', { low: formatShare(low), high: formatShare(high) });
  return createCell(share, range);
}

/**
 * @param {string} figure
 * @param {string} note in small type below it
 */
function createCell(figure, note) {
  return createElement('span', { className: 'decision-cell' }, [
    `${figure} `,
    createElement('small', { textContent: note }),
  ]);
}
