import { clamp } from '../clamp.js';

/** @typedef {import('./display.js').DisplayCommand} DisplayCommand */

/**
 * @typedef {object} GestureListeners
 * @property {() => boolean} hasSlices whether the wheel goes through slices, or is left to the page
 * @property {() => import('./slice-tools.js').Dragging} getDragging what a drag does
 * @property {(command: DisplayCommand) => void} onCommand
 * @property {(from: Point, to: Point) => void} onMeasure a line is drawn
 * @property {(point: Point | null) => void} onHover the pointer is there; null when it has left
 */

/** @typedef {{ x: number, y: number }} Point in fractions of the side, from the upper left */

// An event of a mouse wheel is one notch, however far the system says that it scrolls. What turns less is a touchpad.
const PIXELS_A_NOTCH = 50;
const PIXELS_A_LINE = 40;
const RIGHT_BUTTON = 2;
// A drag along the whole side moves the window by this fraction of the intensity range.
const WINDOW_SPEED = 0.5;

/**
 * Mouse wheel, mouse, pen and touch gestures on a slice.
 * @param {HTMLElement} element
 * @param {GestureListeners} listeners
 */
export function attachGestures(element, listeners) {
  const { hasSlices, getDragging, onCommand, onMeasure, onHover } = listeners;
  /** @type {Map<number, Point & { button: number, start: Point }>} */
  const pressed = new Map();
  let wheeled = 0;

  /** @param {MouseEvent} event */
  function findPoint({ clientX, clientY }) {
    const { left, top, width } = element.getBoundingClientRect();
    return { x: (clientX - left) / width, y: (clientY - top) / width };
  }

  /** @param {WheelEvent} event */
  function turnWheel(event) {
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : PIXELS_A_LINE;
    const turned = event.deltaY * pixels;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const factor = Math.exp(-clamp(turned, -100, 100) / 300);
      onCommand({ kind: 'zoom', factor, point: findPoint(event) });
      return;
    }
    if (!hasSlices()) return;
    event.preventDefault();
    wheeled = Math.abs(turned) < PIXELS_A_NOTCH ? wheeled + turned : turned;
    if (Math.abs(wheeled) < PIXELS_A_NOTCH) return;
    onCommand({ kind: 'step', by: Math.sign(wheeled) });
    wheeled = 0;
  }

  /** @param {PointerEvent} event */
  function press(event) {
    if (event.button !== 0 && event.button !== RIGHT_BUTTON) return;
    const point = findPoint(event);
    pressed.set(event.pointerId, { ...point, button: event.button, start: point });
    element.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  function move(event) {
    const before = pressed.get(event.pointerId);
    const point = findPoint(event);
    onHover(point);
    if (before === undefined) return;
    const other = [...pressed].find(([id]) => id !== event.pointerId)?.[1];
    pressed.set(event.pointerId, { ...before, ...point });
    const [x, y] = [point.x - before.x, point.y - before.y];
    if (other !== undefined) pinch(before, point, other);
    else if (before.button === RIGHT_BUTTON || getDragging() === 'window') {
      onCommand({ kind: 'moveWindow', level: y * WINDOW_SPEED, width: x * WINDOW_SPEED });
    } else if (getDragging() === 'ruler') onMeasure(before.start, point);
    else onCommand({ kind: 'pan', x, y });
  }

  /**
   * One of two fingers moves: the midpoint moves half as far, and the distance sets the zoom.
   * @param {Point} before
   * @param {Point} after
   * @param {Point} other
   */
  function pinch(before, after, other) {
    const middle = { x: (after.x + other.x) / 2, y: (after.y + other.y) / 2 };
    onCommand({ kind: 'pan', x: (after.x - before.x) / 2, y: (after.y - before.y) / 2 });
    const distance = Math.hypot(before.x - other.x, before.y - other.y);
    if (distance === 0) return;
    const factor = Math.hypot(after.x - other.x, after.y - other.y) / distance;
    onCommand({ kind: 'zoom', factor, point: middle });
  }

  /** @param {PointerEvent} event */
  function release({ pointerId }) {
    pressed.delete(pointerId);
  }

  element.addEventListener('wheel', turnWheel, { passive: false });
  element.addEventListener('pointerdown', press);
  element.addEventListener('pointermove', move);
  element.addEventListener('pointerup', release);
  element.addEventListener('pointercancel', release);
  element.addEventListener('pointerleave', () => onHover(null));
  element.addEventListener('contextmenu', (event) => event.preventDefault());
}
