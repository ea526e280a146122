import { COMMANDS } from '../../../frontend/src/commands.js';
import { createKeySheet } from '../../../frontend/src/views/key-sheet.js';

test('the sheet tells every command with its keys', () => {
  const root = document.createElement('div');
  createKeySheet(root, { areOn: true, onSwitched: () => {} });
  const keys = [...root.querySelectorAll('kbd')].map((key) => key.textContent);
  const arrows = /** @type {Record<string, string>} */ ({ ArrowUp: '↑', ArrowDown: '↓' });
  const named = COMMANDS.flatMap(({ keys }) => keys.map((key) => arrows[key] ?? key));
  expect(keys.sort()).toEqual(named.sort());
  expect(root.textContent).toContain('next study');
});

test('single keys are turned off and on there', () => {
  const root = document.createElement('div');
  document.body.replaceChildren(root);
  const onSwitched = vi.fn();
  createKeySheet(root, { areOn: true, onSwitched });
  const box = /** @type {HTMLInputElement} */ (root.querySelector('input'));
  expect(box.checked).toBe(true);
  box.click();
  expect(onSwitched).toHaveBeenCalledExactlyOnceWith(false);
});
