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

export const HELD_OUT = 'held-out patients';
export const EXTERNAL = 'external data';
export const PICTURES = 'single pictures';

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
  const read = readRecord(recorded);
  const [slices, studies] = [readRows(read.slices), readRows(read.studies)];
  return { slices: [...slices, ...sumPictures(slices, studies)], studies };
}

/**
 * The rows of single pictures, which are harder than slices of volumes: of the sources that have no whole studies.
 * @param {DecisionRow[]} slices
 * @param {DecisionRow[]} studies
 */
function sumPictures(slices, studies) {
  const ofStudies = new Set(studies.map(({ by, name }) => `${by} ${name}`));
  const ofSources = slices.filter(({ by }) => by === 'source');
  const pictures = ofSources.filter(({ by, name }) => !ofStudies.has(`${by} ${name}`));
  // Without others they are what the rows of all say.
  if (pictures.length === ofSources.length) return [];
  return ['tumor', 'no_tumor'].flatMap((truth) => {
    const [first, ...others] = pictures.filter((row) => row.truth === truth);
    if (first === undefined) return [];
    return [others.reduce(addRows, { ...first, by: 'all', name: PICTURES, intervals: {} })];
  });
}

/**
 * @param {DecisionRow} sum
 * @param {DecisionRow} row of other people
 */
function addRows(sum, row) {
  return {
    ...sum,
    count: sum.count + row.count,
    people: sum.people + row.people,
    tumor: sum.tumor + row.tumor,
    noTumor: sum.noTumor + row.noTumor,
    uncertain: sum.uncertain + row.uncertain,
    refused: sum.refused + row.refused,
    right: sum.right + row.right,
  };
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
