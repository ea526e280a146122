import { createAnnouncer } from '../../../frontend/src/shell/announcer.js';
import { makeService, makeStudy } from '../factories.mjs';

test('announcements of a cleared session are gone', () => {
  const root = document.createElement('div');
  const announcer = createAnnouncer(root);
  announcer.update([makeStudy()], makeService(), 'staff');
  expect(root.textContent).toBe('scan.png: Waiting');
  announcer.clear();
  expect(root.textContent).toBe('');
});
