import { applyTheme, readTheme } from '../../../frontend/src/shell/theme.js';

afterEach(() => localStorage.clear());

test('the page is dark until light is chosen, and light stays chosen', () => {
  expect(readTheme()).toBe('dark');
  applyTheme('light');
  expect(document.documentElement.dataset.theme).toBe('light');
  expect(readTheme()).toBe('light');
});

test('a browser that stores nothing still changes its theme', () => {
  const refuse = () => {
    throw new DOMException('denied', 'SecurityError');
  };
  vi.spyOn(Storage.prototype, 'getItem').mockImplementation(refuse);
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(refuse);
  applyTheme('light');
  expect(document.documentElement.dataset.theme).toBe('light');
  expect(readTheme()).toBe('dark');
});
