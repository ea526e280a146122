import { EMPTY_SESSION, reduceSession } from '../../../frontend/src/state/session.js';
import { listStudies } from '../../../frontend/src/state/study-order.js';
import { makeFile, makePrediction, makeStudy } from '../factories.mjs';

/** @typedef {import('../../../frontend/src/state/study-order.js').Listing} Listing */

const STUDIES = [
  makeStudy({ id: 1 }),
  makeDone(2, 'no_tumor', 0.04),
  makeDone(3, 'tumor', 0.8),
  makeDone(4, 'out_of_scope', null),
  makeStudy({ id: 5, phase: 'failed' }),
  makeDone(6, 'tumor', 0.97),
  makeDone(7, 'uncertain', 0.9),
];

/**
 * @param {number} id
 * @param {import('../../../frontend/src/api/client.js').PredictionAnswer['decision']} decision
 * @param {number | null} tumor_probability
 */
function makeDone(id, decision, tumor_probability) {
  return makeStudy({
    id,
    phase: 'done',
    prediction: makePrediction({ decision, tumor_probability }),
  });
}

/**
 * @param {Listing} listing
 * @param {'staff' | 'patient'} [wording]
 */
function list(listing, wording = 'staff') {
  return listStudies({ studies: STUDIES, listing, wording }).map(({ id }) => id);
}

test('by decision tumours come first, and what has no answer last', () => {
  expect(list({ order: 'decision', only: null })).toEqual([6, 3, 7, 2, 4, 5, 1]);
});

test('by probability the highest comes first, whatever was decided', () => {
  expect(list({ order: 'probability', only: null })).toEqual([6, 7, 3, 2, 1, 4, 5]);
});

test('a filter keeps the order in which studies were added', () => {
  expect(list({ order: 'added', only: 'tumor' })).toEqual([3, 6]);
  expect(list({ order: 'added', only: 'other' })).toEqual([1]);
});

test('in plain words all studies are listed as they were added', () => {
  expect(list({ order: 'probability', only: 'tumor' }, 'patient')).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('a study that is added ends the filter, and keeps the order', () => {
  const listing = /** @type {Listing} */ ({ order: 'decision', only: 'tumor' });
  const filtered = reduceSession(EMPTY_SESSION, { type: 'studiesListed', listing });
  const sources = [{ name: 'a.png', files: [makeFile('a.png')], exampleUrl: null }];
  const { listing: after } = reduceSession(filtered, {
    type: 'studiesAdded',
    sources,
    leftOut: 0,
  });
  expect(after).toEqual({ order: 'decision', only: null });
});
