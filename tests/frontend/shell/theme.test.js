import { applyLook, readLook } from '../../../frontend/src/shell/theme.js';

afterEach(() => localStorage.clear());

test('the page is dark until light is chosen, and light stays chosen', () => {
  expect(readLook()).toBe('dark');
  applyLook('light');
  expect(document.documentElement.dataset.look).toBe('light');
  expect(readLook()).toBe('light');
});

test('a browser that stores nothing still changes its look', () => {
  const refuse = () => {
    throw new DOMException('denied', 'SecurityError');
  };
  vi.spyOn(Storage.prototype, 'getItem').mockImplementation(refuse);
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(refuse);
  applyLook('light');
  expect(document.documentElement.dataset.look).toBe('light');
  expect(readLook()).toBe('dark');
});
