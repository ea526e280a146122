import { findCommand } from '../../../../frontend/src/reading/viewer/slice-keys.js';

/**
 * @param {string} key
 * @param {KeyboardEventInit} [modifiers]
 * @param {boolean} [hasSlices]
 */
function press(key, modifiers = {}, hasSlices = true) {
  return findCommand(new KeyboardEvent('keydown', { key, ...modifiers }), hasSlices);
}

test('arrows and page keys go through the slices of a volume', () => {
  expect(press('ArrowDown')).toEqual({ kind: 'step', by: 1 });
  expect(press('ArrowLeft')).toEqual({ kind: 'step', by: -1 });
  expect(press('PageUp')).toEqual({ kind: 'step', by: -10 });
  expect(press('Home')).toEqual({ kind: 'go', index: 0 });
});

test('with the shift key, and on a single picture, arrows move the picture', () => {
  expect(press('ArrowRight', { shiftKey: true })).toEqual({ kind: 'pan', x: 0.05, y: 0 });
  expect(press('ArrowUp', {}, false)).toEqual({ kind: 'pan', x: 0, y: -0.05 });
  expect(press('PageDown', {}, false)).toBeNull();
});

test('the browser keeps its own keys', () => {
  expect(press('+', { ctrlKey: true })).toBeNull();
  expect(press('ArrowLeft', { altKey: true })).toBeNull();
  expect(press('Tab')).toBeNull();
});

test('letters work in capitals too', () => {
  expect(press('I')).toEqual({ kind: 'invert' });
  expect(press('w')).toMatchObject({ kind: 'moveWindow', level: 0 });
});
