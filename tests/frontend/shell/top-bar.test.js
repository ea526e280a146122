import { setLanguage } from '../../../frontend/src/i18n/translate.js';
import { createTopBar } from '../../../frontend/src/shell/top-bar.js';
import { UNKNOWN_SERVICE } from '../../../frontend/src/state/service.js';

afterEach(() => setLanguage('en'));

function startBar() {
  const root = document.createElement('header');
  const events = {
    onLanguageChosen: vi.fn(),
    onThemeChosen: vi.fn(),
    onKeys: vi.fn(),
    onSkip: vi.fn(),
  };
  return { root, events, bar: createTopBar(root, events) };
}

/** @param {HTMLElement} root */
function readState(root) {
  return root.querySelector('.service-state')?.textContent?.replaceAll('\u00a0', ' ');
}

test('the state of the service is shown, with a link to its model', () => {
  const { root, bar } = startBar();
  bar.showService({ ...UNKNOWN_SERVICE, status: 'ready', modelVersion: '1.2.0' });
  expect(readState(root)).toBe('service ready · model 1.2.0');
  expect(root.querySelector('a')?.getAttribute('href')).toBe('#model');
});

test('no model is shown for a service that is unreachable', () => {
  const { root, bar } = startBar();
  bar.showService({ ...UNKNOWN_SERVICE, status: 'ready', modelVersion: '1.2.0' });
  bar.showService({ ...UNKNOWN_SERVICE, status: 'unreachable', modelVersion: null });
  expect(readState(root)).toBe('service unreachable');
  expect(root.querySelector('.broken')).not.toBeNull();
});

test('the language of the page is marked, and another one can be chosen', () => {
  setLanguage('de');
  const { root, events } = startBar();
  const buttons = [...root.querySelectorAll('.languages button')];
  expect(buttons.map((button) => button.getAttribute('aria-pressed'))).toEqual(['false', 'true']);
  /** @type {HTMLButtonElement} */ (buttons[0]).click();
  expect(events.onLanguageChosen).toHaveBeenCalledExactlyOnceWith('en');
});

test('the theme that is not shown can be chosen', () => {
  const { events, bar } = startBar();
  bar.showTheme('light');
  bar.toggleTheme();
  expect(events.onThemeChosen).toHaveBeenCalledExactlyOnceWith('dark');
});
