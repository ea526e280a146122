import { createStudyList } from '../../../frontend/src/shell/study-list.js';
import { makeStudy } from '../factories.mjs';

test('a study that is removed leaves the list, and the others keep their places', () => {
  const root = document.createElement('div');
  const events = { onSelect: vi.fn(), onChoose: vi.fn(), onChooseFolder: vi.fn() };
  const list = createStudyList(root, events);
  const studies = [1, 2, 3].map((id) => makeStudy({ id, name: `${id}.png` }));
  const names = () => [...root.querySelectorAll('.study-name')].map((name) => name.textContent);
  list.update(studies, 1, 0, 'staff');
  const kept = root.querySelectorAll('li')[2];
  list.update(studies.toSpliced(1, 1), 1, 0, 'staff');
  expect(names()).toEqual(['1.png', '3.png']);
  expect(root.querySelectorAll('li')[1]).toBe(kept);
  list.update(studies, 2, 0, 'staff');
  expect(names(), 'and comes back to its own').toEqual(['1.png', '2.png', '3.png']);
});
