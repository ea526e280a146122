import { ServiceFailure } from '../../../frontend/src/api/failure.js';
import {
  EMPTY_SESSION,
  findCompared,
  findSelected,
  reduceSession,
} from '../../../frontend/src/state/session.js';
import { makeFile, makeHealth, makePrediction, makeStudy } from '../factories.mjs';

/** @typedef {import('../../../frontend/src/state/session.js').Action} Action */

/** @param {string[]} names @returns {Action} */
function add(...names) {
  const sources = names.map((name) => ({ name, files: [makeFile(name)], exampleUrl: null }));
  return { type: 'studiesAdded', sources, leftOut: 0 };
}

/** @returns {Extract<Action, { type: 'predictionReceived' }>} */
function receive() {
  const answer = { prediction: makePrediction(), requestId: 'r-1', answeredAt: 1000 };
  return { type: 'predictionReceived', id: 1, ...answer };
}

/** @param {Action[]} actions */
function replay(...actions) {
  return actions.reduce(reduceSession, EMPTY_SESSION);
}

test('added pictures wait, and the first of the new ones is selected', () => {
  const session = replay(add('a.png'), add('b.png', 'c.png'));
  expect(session.studies.map(({ id, name, phase }) => [id, name, phase])).toEqual([
    [1, 'a.png', 'waiting'],
    [2, 'b.png', 'waiting'],
    [3, 'c.png', 'waiting'],
  ]);
  expect(findSelected(session)?.name).toBe('b.png');
});

test('adding nothing changes nothing', () => {
  expect(replay(add())).toEqual(EMPTY_SESSION);
});

test('skipped files of a folder are counted, until the next one', () => {
  const session = replay({ type: 'studiesAdded', sources: [], leftOut: 3 });
  expect(session).toEqual({ ...EMPTY_SESSION, leftOut: 3 });
  expect(reduceSession(session, add('a.png')).leftOut).toBe(0);
});

test('reading slice by slice is part of the analysis', () => {
  const session = replay(
    add('a.zip'),
    { type: 'studyStarted', id: 1 },
    { type: 'uploadProgressed', id: 1, fraction: 1 },
    { type: 'readingProgressed', id: 1, done: 32, total: 140 },
  );
  expect(session.studies[0]).toMatchObject({
    phase: 'analysing',
    read: { done: 32, total: 140 },
  });
});

test('a study is uploaded, analysed, done', () => {
  const uploading = replay(
    add('a.png'),
    { type: 'studyStarted', id: 1 },
    { type: 'uploadProgressed', id: 1, fraction: 0.4 },
  );
  expect(uploading.studies[0]).toMatchObject({ phase: 'uploading', uploaded: 0.4 });
  const analysing = reduceSession(uploading, { type: 'uploadProgressed', id: 1, fraction: 1 });
  expect(analysing.studies[0]?.phase).toBe('analysing');
  const { type: _, ...answer } = receive();
  const done = reduceSession(analysing, receive());
  expect(done.studies[0]).toMatchObject({ phase: 'done', ...answer });
});

test('a change of one study leaves the others as they are', () => {
  const before = replay(add('a.png', 'b.png'));
  const after = reduceSession(before, { type: 'studyStarted', id: 1 });
  expect(after.studies[1]).toBe(before.studies[1]);
});

test('news after a study was cancelled is dropped', () => {
  const cancelled = replay(
    add('a.png'),
    { type: 'studyStarted', id: 1 },
    { type: 'studyCancelled', id: 1 },
  );
  /** @type {Action[]} */
  const late = [
    { type: 'studyStarted', id: 1 },
    { type: 'uploadProgressed', id: 1, fraction: 1 },
    receive(),
    { type: 'studyFailed', id: 1, failure: new ServiceFailure({ code: 'internal' }) },
  ];
  for (const action of late) {
    expect(reduceSession(cancelled, action).studies[0]?.phase).toBe('cancelled');
  }
});

test('a finished study cannot be cancelled', () => {
  const done = replay(add('a.png'), { type: 'studyStarted', id: 1 }, receive(), {
    type: 'studyCancelled',
    id: 1,
  });
  expect(done.studies[0]?.phase).toBe('done');
});

test('a failed study can be tried again, and forgets its failure', () => {
  const failure = new ServiceFailure({ code: 'overloaded' });
  const session = replay(
    add('a.png'),
    { type: 'studyStarted', id: 1 },
    { type: 'uploadProgressed', id: 1, fraction: 0.5 },
    { type: 'studyFailed', id: 1, failure },
    { type: 'studyRetried', id: 1 },
  );
  expect(session.studies[0]).toMatchObject({ phase: 'waiting', failure: null, uploaded: 0 });
});

test('an example gets its file when it is fetched', () => {
  const sources = [{ name: 'a.png', files: null, exampleUrl: '/examples/a.png' }];
  const file = makeFile('a.png');
  const session = replay(
    { type: 'studiesAdded', sources, leftOut: 0 },
    { type: 'exampleFetched', id: 1, file },
  );
  expect(session.studies[0]?.files).toEqual([file]);
});

test('the state of the service is kept beside the studies', () => {
  const session = replay(add('a.png'), { type: 'serviceObserved', health: makeHealth('ready') });
  expect(session.service.status).toBe('ready');
  expect(session.studies).toHaveLength(1);
});

test('the wording that is chosen holds for every study', () => {
  const session = replay(add('a.png'), { type: 'wordingChosen', wording: 'patient' }, add('b.png'));
  expect(session.wording).toBe('patient');
});

test('a study is compared with another, never with itself', () => {
  const compared = replay(add('a.png', 'b.png'), { type: 'comparisonChosen', id: 2, series: null });
  expect(findCompared(compared)?.name).toBe('b.png');
  expect(findCompared(reduceSession(compared, { type: 'studySelected', id: 2 }))).toBeNull();
  expect(
    findCompared(reduceSession(compared, { type: 'comparisonChosen', id: null, series: null })),
  ).toBeNull();
});

test('removing a study selects the next one, and its id is not reused', () => {
  const all = replay(add('a.png', 'b.png', 'c.png'), { type: 'studySelected', id: 2 });
  const two = reduceSession(all, { type: 'studyRemoved', id: 2 });
  expect(two.studies.map(({ name }) => name)).toEqual(['a.png', 'c.png']);
  expect(findSelected(two)?.name).toBe('c.png');
  const one = reduceSession(two, { type: 'studyRemoved', id: 3 });
  expect(findSelected(one)?.name).toBe('a.png');
  expect(reduceSession(one, add('d.png')).studies.map(({ id }) => id)).toEqual([1, 4]);
  expect(findSelected(reduceSession(one, { type: 'studyRemoved', id: 1 }))).toBeNull();
});

test('a removed study is no longer compared, nor is the one selected in its place', () => {
  const compared = replay(add('a.png', 'b.png', 'c.png'), {
    type: 'comparisonChosen',
    id: 2,
    series: null,
  });
  expect(reduceSession(compared, { type: 'studyRemoved', id: 2 }).comparedId).toBeNull();
  expect(reduceSession(compared, { type: 'studyRemoved', id: 1 })).toMatchObject({
    selectedId: 2,
    comparedId: null,
  });
  expect(reduceSession(compared, { type: 'studyRemoved', id: 3 }).comparedId).toBe(2);
});

test('removing another study leaves the selected one as it is', () => {
  const session = replay(add('a.png', 'b.png'), { type: 'studyRemoved', id: 2 });
  expect(findSelected(session)?.name).toBe('a.png');
});

test('a cleared session has no study, and ignores late answers', () => {
  const cleared = replay(
    add('a.png'),
    { type: 'studyStarted', id: 1 },
    { type: 'sessionCleared' },
    receive(),
  );
  expect(cleared).toEqual({ ...EMPTY_SESSION, nextId: 2 });
});

test('a study that the service rejected as too busy waits again', () => {
  const session = replay(
    add('a.png'),
    { type: 'studyStarted', id: 1 },
    { type: 'studyPostponed', id: 1, interrupted: true },
    { type: 'studyStarted', id: 1 },
    { type: 'studyPostponed', id: 1, interrupted: false },
  );
  expect(session.studies[0]).toMatchObject({ phase: 'waiting', interrupted: true });
  const done = [/** @type {Action} */ ({ type: 'studyStarted', id: 1 }), receive()];
  expect(done.reduce(reduceSession, session).studies[0]?.interrupted).toBe(false);
});

test('cancelling a repeated analysis keeps the earlier result', () => {
  const session = replay(
    add('a.png'),
    { type: 'studyStarted', id: 1 },
    receive(),
    { type: 'studyRetried', id: 1 },
    { type: 'studyCancelled', id: 1 },
  );
  expect(session.studies[0]?.phase).toBe('done');
});

test('a report is of the selected study, and closes with it', () => {
  const open = replay(add('a.png', 'b.png'), { type: 'viewOpened', view: 'report' });
  expect(open.view).toBe('report');
  expect(reduceSession(open, { type: 'viewOpened', view: 'study' }).view).toBe('study');
  expect(reduceSession(open, { type: 'studySelected', id: 2 }).view).toBe('study');
  expect(reduceSession(open, { type: 'studyRemoved', id: 1 }).view).toBe('study');
  expect(reduceSession(open, add('c.png')).view).toBe('study');
});

test('a study that was removed comes back to its place, with what was known of it', () => {
  const before = replay(add('a.png', 'b.png', 'c.png'));
  const removed = reduceSession(before, { type: 'studyRemoved', id: 2 });
  expect(removed.studies.map(({ id }) => id)).toEqual([1, 3]);
  const undone = reduceSession(removed, { type: 'removalUndone' });
  expect(undone.studies).toEqual(before.studies);
  expect([undone.selectedId, undone.removed]).toEqual([2, null]);
  expect(reduceSession(removed, { type: 'sessionCleared' }).removed).toBeNull();
});

test('a series that is chosen is read instead, unless the files are gone', () => {
  const added = replay(add('study.zip'));
  const [study] = added.studies;
  const done = { ...added, studies: [makeStudy({ ...study, phase: 'done' })] };
  const chosen = reduceSession(done, { type: 'seriesChosen', id: 1, uid: '1.2.3' });
  expect(chosen.studies[0]).toMatchObject({ phase: 'waiting', series: '1.2.3' });
});
