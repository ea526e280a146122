import { setLanguage } from '../../../frontend/src/i18n/translate.js';
import { COMMANDS } from '../../../frontend/src/shell/commands.js';
import { createKeySheet } from '../../../frontend/src/shell/key-sheet.js';

test('the sheet lists every command with its keys', () => {
  const root = document.createElement('div');
  createKeySheet(root, { areOn: true, onSwitched: () => {} });
  const keys = [...root.querySelectorAll('kbd')].map((key) => key.textContent);
  const letters = COMMANDS.flatMap(({ keys }) => keys.filter((key) => key.length === 1));
  expect(keys).toEqual(expect.arrayContaining(letters));
  expect(keys).toHaveLength(COMMANDS.flatMap(({ keys }) => [...keys]).length);
  expect(root.textContent).toContain('next study');
});

test.each(
  /** @type {const} */ ([
    ['en', ['↑', '↓', 'Page up', 'Page down', 'Home', 'End']],
    ['de', ['↑', '↓', 'Bild ↑', 'Bild ↓', 'Pos 1', 'Ende']],
  ]),
)('keys are named as keyboards of the language (%s) have them', (language, names) => {
  setLanguage(language);
  const root = document.createElement('div');
  createKeySheet(root, { areOn: true, onSwitched: () => {} });
  const keys = [...root.querySelectorAll('kbd')].map((key) => key.textContent);
  expect(keys).toEqual(expect.arrayContaining([...names]));
  setLanguage('en');
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
