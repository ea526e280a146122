import { createStudyList } from '../../../frontend/src/shell/study-list.js';
import { EMPTY_SESSION } from '../../../frontend/src/state/session.js';
import { makePrediction, makeStudy } from '../factories.mjs';

/** @typedef {import('../../../frontend/src/state/session.js').Session} Session */

function startList() {
  const root = document.createElement('div');
  const onListed = vi.fn();
  const list = createStudyList(root, {
    onSelect: vi.fn(),
    onChoose: vi.fn(),
    onChooseFolder: vi.fn(),
    onListed,
  });
  return {
    root,
    onListed,
    /** @param {Partial<Session>} changes */
    update: (changes) => list.update({ ...EMPTY_SESSION, selectedId: 1, ...changes }),
    read: (/** @type {string} */ name) =>
      [...root.querySelectorAll(`.${name}`)].map(({ textContent }) => textContent),
  };
}

test('a study that is removed leaves the list, and the others keep their places', () => {
  const { root, update, read } = startList();
  const studies = [1, 2, 3].map((id) => makeStudy({ id, name: `${id}.png` }));
  const names = () => read('study-name');
  update({ studies });
  const kept = root.querySelectorAll('li')[2];
  update({ studies: studies.toSpliced(1, 1) });
  expect(names()).toEqual(['1.png', '3.png']);
  expect(root.querySelectorAll('li')[1]).toBe(kept);
  update({ studies, selectedId: 2 });
  expect(names(), 'and comes back to its own').toEqual(['1.png', '2.png', '3.png']);
});

/**
 * @param {number} id
 * @param {import('../../../frontend/src/api/client.js').PredictionAnswer['decision']} decision
 * @param {number | null} tumor_probability
 */
function makeDone(id, decision, tumor_probability) {
  const prediction = makePrediction({ decision, tumor_probability });
  return makeStudy({ id, name: `${id}.png`, phase: 'done', prediction });
}

test('the list says the decision in a word or two, and how far the session is', () => {
  const { update, read } = startList();
  const studies = [
    makeDone(1, 'tumor', 0.981),
    makeDone(2, 'uncertain', 0.4),
    makeDone(3, 'out_of_scope', null),
    makeStudy({ id: 4 }),
  ];
  update({ studies });
  const nbsp = '\u00a0';
  expect(read('study-step')).toEqual([
    `Tumour likely · 98${nbsp}%`,
    `Not certain · tumour 40${nbsp}%`,
    'Not a brain MRI',
    'waiting',
  ]);
  expect(read('list-count')).toEqual(['3 of 4 analysed']);
  update({ studies, listing: { order: 'added', only: 'tumor' } });
  expect(read('study-name')).toEqual(['1.png']);
  update({ studies: studies.slice(0, 3), listing: { order: 'added', only: 'tumor' } });
  expect(read('list-count')).toEqual(['1 of 3 studies']);
});

test('the study that has the focus keeps it when the list is sorted', () => {
  const { root, update, read } = startList();
  document.body.append(root);
  const studies = [makeDone(1, 'no_tumor', 0.1), makeDone(2, 'tumor', 0.9)];
  update({ studies });
  const button = root.querySelector('li button');
  if (button instanceof HTMLElement) button.focus();
  update({ studies, listing: { order: 'probability', only: null } });
  expect(read('study-name')).toEqual(['2.png', '1.png']);
  expect(document.activeElement).toBe(button);
  root.remove();
});

test('only outcomes that there are can be chosen, and a single study needs no choice', () => {
  const { root, update, onListed } = startList();
  update({ studies: [makeDone(1, 'tumor', 0.9)] });
  const controls = root.querySelector('.list-controls');
  expect(controls instanceof HTMLElement && controls.hidden).toBe(true);
  update({ studies: [makeDone(1, 'tumor', 0.9), makeStudy({ id: 2, phase: 'failed' })] });
  const [order, only] = root.querySelectorAll('select');
  const offered = [...(only?.options ?? [])].filter(({ disabled }) => !disabled);
  expect(offered.map(({ textContent }) => textContent)).toEqual(['all', 'Tumour likely', 'Failed']);
  for (const [select, value] of /** @type {const} */ ([
    [only, 'failed'],
    [order, 'decision'],
  ])) {
    if (select === undefined) continue;
    select.value = value;
    select.dispatchEvent(new Event('change'));
  }
  expect(onListed.mock.calls).toEqual([[{ only: 'failed' }], [{ order: 'decision' }]]);
});
