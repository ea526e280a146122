import { getLocale, translate } from '../i18n/translate.js';
import { createElement } from './element.js';

// All of it has room on the one page.
const LONGEST_LINE = 60;
const LONGEST_REMARKS = 400;

/**
 * What only the person at the page knows of a patient. It is kept in these fields and nowhere else.
 */
export function createReportFields() {
  return createElement('div', { className: 'report-fields' }, [
    createElement('p', { className: 'report-hint', textContent: translate('report.onlyTyped') }),
    createField(translate('report.name'), createLine(), readText),
    createField(translate('report.birthDate'), createElement('input', { type: 'date' }), readDate),
    createField(translate('report.examination'), createLine(), readText),
    createField(
      translate('report.remarks'),
      createElement('textarea', { rows: 2, maxLength: LONGEST_REMARKS }),
      readText,
    ),
  ]);
}

function createLine() {
  return createElement('input', { type: 'text', maxLength: LONGEST_LINE });
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
 * On paper the words stand instead of the input, which would cut them; an empty field does not stand there at all.
 * @param {string} label
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {(input: HTMLInputElement | HTMLTextAreaElement) => string} read
 */
function createField(label, input, read) {
  const words = createElement('span', { className: 'report-typed' });
  const element = createElement('label', { className: 'report-field' }, [
    createElement('span', { className: 'report-label', textContent: label }),
    input,
    words,
  ]);
  words.setAttribute('aria-hidden', 'true');
  input.setAttribute('autocomplete', 'off');
  input.addEventListener('input', () => {
    words.textContent = read(input);
    element.classList.toggle('filled', words.textContent !== '');
  });
  return element;
}
