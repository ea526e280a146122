import { getLocale, translate } from '../i18n/translate.js';
import { createElement } from '../shell/element.js';

/** @typedef {Map<string, string>} Typed what stands in the fields, by their names */

/**
 * The patient's details, typed by the user. They stay on this page.
 * @param {Typed} typed filled as it is typed
 */
export function createReportFields(typed) {
  const field = (
    /** @type {import('../i18n/translate.js').MessageKey} */ name,
    /** @type {HTMLInputElement | HTMLTextAreaElement} */ input,
    /** @type {(input: HTMLInputElement | HTMLTextAreaElement) => string} */ read,
  ) => createField(name, input, read, typed);
  return createElement('div', { className: 'report-fields' }, [
    createElement('p', { className: 'report-hint', textContent: translate('report.onlyTyped') }),
    field('report.name', createLine(), readText),
    field('report.birthDate', createElement('input', { type: 'date' }), readDate),
    field('report.examination', createLine(), readText),
    field('report.remarks', createElement('textarea', { rows: 2 }), readText),
  ]);
}

function createLine() {
  return createElement('input', { type: 'text' });
}

/** @param {HTMLInputElement | HTMLTextAreaElement} input */
function readText(input) {
  return input.value.trim();
}

/** @param {HTMLInputElement | HTMLTextAreaElement} input */
function readDate(input) {
  const date = new Date(`${input.value}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return '';
  return date.toLocaleDateString(getLocale(), { dateStyle: 'long', timeZone: 'UTC' });
}

/**
 * In print the text replaces the input, which would cut it off; an empty field is not printed.
 * @param {import('../i18n/translate.js').MessageKey} name
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {(input: HTMLInputElement | HTMLTextAreaElement) => string} read
 * @param {Typed} typed
 */
function createField(name, input, read, typed) {
  const words = createElement('span', { className: 'report-typed' });
  const element = createElement('label', { className: 'report-field' }, [
    createElement('span', { className: 'report-label', textContent: translate(name) }),
    input,
    words,
  ]);
  const show = () => {
    words.textContent = read(input);
    element.classList.toggle('filled', words.textContent !== '');
  };
  words.setAttribute('aria-hidden', 'true');
  input.setAttribute('autocomplete', 'off');
  input.value = typed.get(name) ?? '';
  input.addEventListener('input', () => {
    typed.set(name, input.value);
    show();
  });
  show();
  return element;
}
