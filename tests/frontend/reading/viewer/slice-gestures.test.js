import { attachGestures } from '../../../../frontend/src/reading/viewer/slice-gestures.js';

/** @param {{ hasSlices?: boolean, dragging?: import('../../../../frontend/src/reading/viewer/slice-tools.js').Dragging }} [state] */
function attach({ hasSlices = true, dragging = 'pan' } = {}) {
  const element = document.createElement('canvas');
  element.getBoundingClientRect = () => new DOMRect(10, 20, 200, 200);
  element.setPointerCapture = () => {};
  const onCommand = vi.fn();
  const onMeasure = vi.fn();
  attachGestures(element, {
    hasSlices: () => hasSlices,
    getDragging: () => dragging,
    onCommand,
    onMeasure,
    onHover: () => {},
  });
  return { element, onCommand, onMeasure };
}

/**
 * @param {HTMLElement} element
 * @param {WheelEventInit} turned
 */
function turn(element, turned) {
  const event = new WheelEvent('wheel', { cancelable: true, ...turned });
  element.dispatchEvent(event);
  return event.defaultPrevented;
}

/**
 * jsdom has no pointer events with coordinates.
 * @param {HTMLElement} element
 * @param {string} type
 * @param {{ id?: number, x: number, y: number, button?: number }} pointer
 */
function point(element, type, { id = 1, x, y, button = 0 }) {
  const event = new MouseEvent(type, { clientX: x, clientY: y, button });
  Object.defineProperty(event, 'pointerId', { value: id });
  element.dispatchEvent(event);
}

test('a notch of the wheel is one slice whatever the device says, and small turns add up', () => {
  const { element, onCommand } = attach();
  expect(turn(element, { deltaY: 40 })).toBe(true);
  expect(onCommand).not.toHaveBeenCalled();
  turn(element, { deltaY: 40 });
  turn(element, { deltaY: 20 });
  for (const deltaY of [-53, -100, -120, -360]) turn(element, { deltaY });
  turn(element, { deltaY: 3, deltaMode: WheelEvent.DOM_DELTA_LINE });
  expect(onCommand.mock.calls.flat().map(({ by }) => by)).toEqual([1, -1, -1, -1, -1, 1]);
});

test('on a single picture the wheel is the page\u2019s', () => {
  const { element, onCommand } = attach({ hasSlices: false });
  expect(turn(element, { deltaY: 100 })).toBe(false);
  expect(onCommand).not.toHaveBeenCalled();
});

test('with the control key the wheel zooms at the pointer', () => {
  const { element, onCommand } = attach({ hasSlices: false });
  expect(turn(element, { deltaY: -30, ctrlKey: true, clientX: 60, clientY: 170 })).toBe(true);
  const [command] = onCommand.mock.calls.flat();
  expect(command).toMatchObject({ kind: 'zoom', point: { x: 0.25, y: 0.75 } });
  expect(command.factor).toBeCloseTo(Math.exp(0.1));
});

test('a drag moves the picture, until it is let go', () => {
  const { element, onCommand } = attach();
  point(element, 'pointermove', { x: 10, y: 20 });
  point(element, 'pointerdown', { x: 50, y: 50 });
  point(element, 'pointermove', { x: 70, y: 40 });
  point(element, 'pointerup', { x: 70, y: 40 });
  point(element, 'pointermove', { x: 90, y: 90 });
  const [command, ...others] = onCommand.mock.calls.flat();
  expect(others).toEqual([]);
  expect(command.kind).toBe('pan');
  expect([command.x, command.y]).toEqual([expect.closeTo(0.1), expect.closeTo(-0.05)]);
});

test.each([
  ['the right button', 2, /** @type {const} */ ('pan')],
  ['the tool for it', 0, /** @type {const} */ ('window')],
])('a drag with %s changes the window', (_, button, dragging) => {
  const { element, onCommand } = attach({ dragging });
  point(element, 'pointerdown', { x: 50, y: 50, button });
  point(element, 'pointermove', { x: 70, y: 90 });
  const [command] = onCommand.mock.calls.flat();
  expect(command.kind).toBe('moveWindow');
  expect([command.level, command.width]).toEqual([expect.closeTo(0.1), expect.closeTo(0.05)]);
});

test('with the ruler a drag is a line from where it began', () => {
  const { element, onCommand, onMeasure } = attach({ dragging: 'ruler' });
  point(element, 'pointerdown', { x: 50, y: 40 });
  point(element, 'pointermove', { x: 70, y: 90 });
  point(element, 'pointermove', { x: 110, y: 120 });
  expect(onCommand).not.toHaveBeenCalled();
  const [from, to] = onMeasure.mock.lastCall ?? [];
  expect(from).toMatchObject({ x: 0.2, y: 0.1 });
  expect(to).toEqual({ x: 0.5, y: 0.5 });
});

test('two fingers that part enlarge what is between them', () => {
  const { element, onCommand } = attach();
  point(element, 'pointerdown', { id: 1, x: 90, y: 120 });
  point(element, 'pointerdown', { id: 2, x: 130, y: 120 });
  point(element, 'pointermove', { id: 2, x: 170, y: 120 });
  const commands = onCommand.mock.calls.flat();
  expect(commands[0]).toMatchObject({ kind: 'pan', y: 0 });
  expect(commands[1]).toMatchObject({ kind: 'zoom', point: { x: expect.closeTo(0.6), y: 0.5 } });
  expect(commands[1].factor).toBeCloseTo(2);
});
