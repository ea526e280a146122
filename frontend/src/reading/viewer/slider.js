import { createElement } from '../../shell/element.js';

/**
 * A slider between its label and its value.
 * @param {string} words
 * @param {(value: number) => void} onValue
 */
export function createSlider(words, onValue) {
  const value = createElement('span', { className: 'slider-value' });
  value.setAttribute('aria-hidden', 'true');
  const input = createElement('input', {
    type: 'range',
    oninput: () => onValue(Number(input.value)),
  });
  const label = createElement('label', { className: 'slider' }, [
    createElement('span', { textContent: words }),
    input,
  ]);
  const whole = createElement('div', { className: 'slider-line' }, [label, value]);

  return {
    element: whole,
    /**
     * @param {{ least: number, largest: number, step: number }} range
     * @param {number} at
     * @param {string} text what the value is called
     */
    update({ least, largest, step }, at, text) {
      input.min = String(least);
      input.max = String(largest);
      input.step = String(step);
      input.value = String(at);
      input.setAttribute('aria-valuetext', text);
      value.textContent = text;
    },
  };
}
