import { createComparison } from '../../../frontend/src/reading/comparison.js';
import { EMPTY_SESSION, findCompared } from '../../../frontend/src/state/session.js';
import { makePrediction, makeStudy } from '../factories.mjs';

function create() {
  const [root, buttons] = [document.createElement('div'), document.createElement('div')];
  const onCompare = vi.fn();
  const listeners = { onCompare, onVolumeWanted: () => {}, onDisplay: () => {} };
  const comparison = createComparison(root, buttons, new Map(), listeners);
  return {
    root,
    select: /** @type {HTMLSelectElement} */ (buttons.querySelector('select')),
    comparison,
    onCompare,
  };
}

/** @param {number} id */
function makeAnswered(id) {
  return makeStudy({ id, name: `scan_${id}`, phase: 'done', prediction: makePrediction() });
}

const [FIRST, SECOND] = [makeAnswered(1), makeAnswered(2)];
const WAITING = makeStudy({ id: 3, name: 'scan_3', phase: 'waiting' });

test('other studies with an answer can be put beside the selected one', () => {
  const { select, comparison, onCompare } = create();
  comparison.update({ ...EMPTY_SESSION, studies: [FIRST, SECOND, WAITING] }, FIRST, null, null);
  expect([...select.options].map(({ text }) => text)).toEqual(['Compare with…', 'scan_2']);
  select.value = '2';
  select.dispatchEvent(new Event('change'));
  select.value = '';
  select.dispatchEvent(new Event('change'));
  expect(onCompare.mock.calls).toEqual([
    [2, null],
    [null, null],
  ]);
});

test('with one study there is nothing to compare', () => {
  const { root, select, comparison } = create();
  comparison.update({ ...EMPTY_SESSION, studies: [FIRST, WAITING] }, FIRST, null, null);
  expect(select.closest('.comparison-choice')).toHaveProperty('hidden', true);
  expect(root.querySelector('.compared')).toBeNull();
});

test('the series of the study that were not read are offered too', () => {
  const { select, comparison, onCompare } = create();
  const series = ['1.2', '1.3'].map((uid, at) => ({
    ...{ uid, description: at === 0 ? 'T1' : '', sequence: null, plane: null },
    ...{ slice_count: 3, chosen: at === 0, why_not: null },
  }));
  const { input } = makePrediction();
  const prediction = makePrediction({ input: { ...input, series } });
  const study = makeStudy({ id: 1, phase: 'done', prediction });
  const session = { ...EMPTY_SESSION, studies: [study, SECOND], selectedId: 1 };
  comparison.update(session, study, null, null);
  const names = [...select.options].map(({ text }) => text);
  expect(names).toEqual(['Compare with…', 'unnamed series', 'scan_2']);
  select.selectedIndex = 1;
  select.dispatchEvent(new Event('change'));
  expect(onCompare).toHaveBeenCalledWith(null, '1.3');

  const compared = findCompared({ ...session, comparedSeries: '1.3' });
  expect(compared).toMatchObject({ id: 1, series: '1.3', prediction: null });
  expect(findCompared({ ...session, comparedSeries: '1.2' }), 'the one that was read').toBeNull();
});
