import { readNumber, readRecord } from './untyped-fields.js';

/** @typedef {[number, number]} Interval of 95 %, as shares */

/**
 * How the service answered a group of cases with the same truth.
 * @typedef {object} DecisionRow
 * @property {string} by what the cases are grouped by: `all`, `sequence` or `source`
 * @property {string} name of the group
 * @property {string} truth `tumor` or `no_tumor`
 * @property {number} count of cases
 * @property {number} people
 * @property {number} tumor how many were answered so, as are the next three
 * @property {number} noTumor
 * @property {number} uncertain
 * @property {number} refused
 * @property {number} right of the answers `tumor` and `no_tumor`
 * @property {Record<string, Interval>} intervals by the answer's name
 */

/** @typedef {{ slices: DecisionRow[], studies: DecisionRow[] }} Decisions */

const FEWEST = 20;

/**
 * Whether a percentage would claim more than was measured.
 * @param {number} people
 * @param {number} total of the cases that the share is of
 */
export function areFew(people, total) {
  return Math.min(people, total) < FEWEST;
}

/**
 * @param {unknown} recorded
 * @returns {Decisions} without rows where the manifest is from before they were measured
 */
export function readDecisions(recorded) {
  const { slices, studies } = readRecord(recorded);
  return { slices: readRows(slices), studies: readRows(studies) };
}

/** @param {unknown} rows */
function readRows(rows) {
  return Array.isArray(rows) ? rows.flatMap(readRow) : [];
}

/**
 * @param {unknown} recorded
 * @returns {DecisionRow[]} empty where it is none
 */
function readRow(recorded) {
  const { by, name, truth, intervals, ...counts } = readRecord(recorded);
  const [count, people, tumor, noTumor, uncertain, refused, right] = [
    'count',
    'people',
    'tumor',
    'no_tumor',
    'uncertain',
    'refused',
    'right',
  ].map((key) => readNumber(counts[key]));
  if (typeof by !== 'string' || typeof name !== 'string' || typeof truth !== 'string') return [];
  if (count == null || people == null || tumor == null || noTumor == null) return [];
  if (uncertain == null || refused == null || right == null) return [];
  return [
    {
      by,
      name,
      truth,
      count,
      people,
      tumor,
      noTumor,
      uncertain,
      refused,
      right,
      intervals: readIntervals(intervals),
    },
  ];
}

/**
 * @param {unknown} recorded
 * @returns {Record<string, Interval>}
 */
function readIntervals(recorded) {
  const known = Object.entries(readRecord(recorded)).flatMap(([name, ends]) => {
    if (!Array.isArray(ends)) return [];
    const [low, high] = ends.map(readNumber);
    return low == null || high == null ? [] : [[name, [low, high]]];
  });
  return Object.fromEntries(known);
}
