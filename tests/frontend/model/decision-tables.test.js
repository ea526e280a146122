import { setLanguage } from '../../../frontend/src/i18n/translate.js';
import { createDecisionTables } from '../../../frontend/src/model/decision-tables.js';
import { readModelCard } from '../../../frontend/src/model/model-card.js';
import { makeDecisionRow, makeModelAnswer } from '../factories.mjs';
import { readTable } from './read-table.mjs';

afterEach(() => setLanguage('en'));

/** @param {unknown} decisions as the manifest holds them */
function showDecisions(decisions) {
  const { manifest, sha256 } = makeModelAnswer();
  const card = readModelCard({ sha256, manifest: { ...manifest, metrics: { decisions } } });
  const root = document.createElement('div');
  root.append(...createDecisionTables(card));
  return root;
}

test('of many people each answer is a share of the cases, with its interval', () => {
  const root = showDecisions({ slices: [makeDecisionRow()], studies: [] });
  expect(readTable(root, 'Single slices')).toEqual([
    [
      'Held-out patients',
      'tumour',
      '520 60 people',
      '80 % 75 % to 85 %',
      '< 1 % 0 % to < 1 %',
      '20 % 16 % to 25 %',
      '0 %',
      '98 % 96 % to > 99 %',
    ],
  ]);
});

test('fewer than 20 people are shown as counts, without any percentage', () => {
  const few = { name: 'external data', truth: 'no_tumor', count: 3, people: 3, intervals: null };
  const row = makeDecisionRow({ ...few, tumor: 0, no_tumor: 2, uncertain: 1, right: 2 });
  const root = showDecisions({ slices: [], studies: [row] });
  expect(readTable(root, 'Whole studies')).toEqual([
    ['External data', 'no tumour', '3 3 people', '0 of 3', '2 of 3', '1 of 3', '0 of 3', '2 of 2'],
  ]);
  expect(root.textContent).not.toContain('%');
});

test('of few answers the share of correct ones is a count, however many people there are', () => {
  const row = makeDecisionRow({ tumor: 2, no_tumor: 1, uncertain: 517, right: 1 });
  const [cells] = readTable(showDecisions({ slices: [row] }), 'Single slices');
  expect(cells?.at(-1)).toBe('1 of 3');
});

test('where nothing was answered there is no share of right answers', () => {
  const row = makeDecisionRow({ tumor: 0, no_tumor: 0, uncertain: 520, right: 0 });
  const [cells] = readTable(showDecisions({ slices: [row] }), 'Single slices');
  expect(cells?.at(-1)).toBe('–');
});

test('single pictures have rows of their own, beside all slices', () => {
  const pictures = { by: 'source', name: 'Pictures', truth: 'no_tumor', people: 30, refused: 0 };
  const one = makeDecisionRow({
    ...pictures,
    count: 60,
    tumor: 3,
    no_tumor: 50,
    uncertain: 7,
    right: 50,
  });
  const more = makeDecisionRow({
    ...pictures,
    name: 'More',
    count: 40,
    tumor: 1,
    no_tumor: 30,
    uncertain: 9,
    right: 30,
  });
  const volumes = { by: 'source', name: 'Volumes', truth: 'no_tumor' };
  const root = showDecisions({
    slices: [one, more, makeDecisionRow(volumes)],
    studies: [makeDecisionRow(volumes)],
  });
  expect(readTable(root, 'Single slices')).toEqual([
    [
      'Held-out patients, single images',
      'no tumour',
      '100 60 people',
      '4 %',
      '80 %',
      '16 %',
      '0 %',
      '95 %',
    ],
  ]);
});

test('sequences and sources are tables of their own, opened on request', () => {
  const rows = [
    makeDecisionRow({ by: 'sequence', name: 't1ce' }),
    makeDecisionRow({ by: 'sequence', name: 'not stated' }),
    makeDecisionRow({ by: 'source', name: 'A collection' }),
  ];
  setLanguage('de');
  const root = showDecisions({ slices: rows, studies: [] });
  const heads = [...root.querySelectorAll('details tbody th')].map((head) => head.textContent);
  expect(heads).toEqual(['T1 mit Kontrastmittel', 'Sequenz nicht genannt', 'A collection']);
  expect(root.querySelectorAll('details[open]')).toHaveLength(0);
  expect(root.querySelector('[lang="en"]')?.textContent).toBe('A collection');
});

test.each([undefined, {}, [], { slices: 'many', studies: [{ by: 'all' }] }])(
  'a manifest without them, or with others (%j), shows nothing',
  (decisions) => {
    expect(showDecisions(decisions).childElementCount).toBe(0);
  },
);
