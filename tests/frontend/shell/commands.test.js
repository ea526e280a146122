import { COMMANDS, listenToCommands } from '../../../frontend/src/shell/commands.js';

/** @type {AbortController} */
let removal;

beforeEach(() => {
  removal = new AbortController();
  document.body.replaceChildren();
});

afterEach(() => removal.abort());

/** @param {() => boolean} [areOn] */
function listen(areOn = () => true) {
  const handlers = { nextStudy: vi.fn(), help: vi.fn() };
  listenToCommands(handlers, areOn, removal.signal);
  return handlers;
}

/**
 * @param {string} key
 * @param {KeyboardEventInit} [more]
 * @param {Element} [target]
 */
function press(key, more = {}, target = document.body) {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event;
}

test('each key has one meaning', () => {
  const keys = COMMANDS.flatMap(({ keys }) => [...keys]);
  expect(new Set(keys).size).toBe(keys.length);
});

test('a key does what the table says, as a small or a capital letter', () => {
  const { nextStudy, help } = listen();
  expect(press('j').defaultPrevented).toBe(true);
  press('J');
  expect(nextStudy).toHaveBeenCalledTimes(2);
  press('?', { shiftKey: true });
  expect(help).toHaveBeenCalledOnce();
});

test('a key without a command, and a command without a handler, are left alone', () => {
  listen();
  expect(press('q').defaultPrevented).toBe(false);
  expect(press('k').defaultPrevented).toBe(false);
});

test.each(['ctrlKey', 'altKey', 'metaKey'])('with %s a key is the browser’s', (modifier) => {
  const { nextStudy } = listen();
  press('j', { [modifier]: true });
  expect(nextStudy).not.toHaveBeenCalled();
});

test('keys typed into a field are text; a slider takes no letters', () => {
  const { nextStudy } = listen();
  const field = document.createElement('input');
  const slider = Object.assign(document.createElement('input'), { type: 'range' });
  document.body.append(field, slider);
  press('j', {}, field);
  expect(nextStudy).not.toHaveBeenCalled();
  press('j', {}, slider);
  expect(nextStudy).toHaveBeenCalledOnce();
});

test('what a view has answered itself is not answered twice', () => {
  const { nextStudy } = listen();
  const picture = document.createElement('div');
  picture.addEventListener('keydown', (event) => event.preventDefault());
  document.body.append(picture);
  press('j', {}, picture);
  expect(nextStudy).not.toHaveBeenCalled();
});

test('behind an open dialog nothing happens', () => {
  const { nextStudy } = listen();
  const dialog = document.createElement('dialog');
  dialog.setAttribute('open', '');
  document.body.append(dialog);
  press('j');
  expect(nextStudy).not.toHaveBeenCalled();
});

test('single keys can be turned off', () => {
  const { nextStudy } = listen(() => false);
  expect(press('j').defaultPrevented).toBe(false);
  expect(nextStudy).not.toHaveBeenCalled();
});

test('a removed page no longer listens', () => {
  const { nextStudy } = listen();
  removal.abort();
  press('j');
  expect(nextStudy).not.toHaveBeenCalled();
});
