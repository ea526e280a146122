import { getLanguage, LANGUAGES, translate, translateTo } from '../i18n/translate.js';
import { describeService, isBroken } from '../state/service.js';
import { createElement } from './element.js';
import './top-bar.css';

/** @typedef {import('../i18n/translate.js').Language} Language */
/** @typedef {import('../state/service.js').Service} Service */
/** @typedef {'dark' | 'light'} Look */

/**
 * @param {HTMLElement} root
 * @param {{ onLanguageChosen: (language: Language) => void, onLookChosen: (look: Look) => void }} events
 */
export function createTopBar(root, { onLanguageChosen, onLookChosen }) {
  /** @type {Look} */
  let otherLook = 'light';
  const state = createElement('p', { className: 'service-state' });
  state.setAttribute('role', 'status');
  const languages = createElement(
    'div',
    { className: 'languages' },
    LANGUAGES.map((language) => createLanguageButton(language, onLanguageChosen)),
  );
  languages.setAttribute('role', 'group');
  languages.setAttribute('aria-label', translate('topBar.languages'));
  const lookButton = createElement('button', {
    type: 'button',
    className: 'look-button',
    onclick: () => onLookChosen(otherLook),
  });
  root.append(createElement('h1', { textContent: 'Tumorscope' }), state, languages, lookButton);

  return {
    /** @param {Service} service */
    showService(service) {
      const words = describeService(service);
      if (state.textContent !== words) state.textContent = words;
      state.dataset.status = service.status;
      state.classList.toggle('broken', isBroken(service));
    },

    /** @param {Look} look */
    showLook(look) {
      otherLook = look === 'dark' ? 'light' : 'dark';
      lookButton.textContent =
        otherLook === 'light' ? translate('topBar.lightLook') : translate('topBar.darkLook');
    },

    /** Where the keyboard was when the page was built anew. */
    focusLanguage() {
      const chosen = languages.querySelector('[aria-pressed="true"]');
      if (chosen instanceof HTMLElement) chosen.focus();
    },
  };
}

/**
 * @param {Language} language
 * @param {(language: Language) => void} onChosen
 */
function createLanguageButton(language, onChosen) {
  const button = createElement('button', {
    type: 'button',
    lang: language,
    textContent: translateTo(language, 'language.short'),
    title: translateTo(language, 'language.name'),
    onclick: () => onChosen(language),
  });
  button.setAttribute('aria-pressed', String(language === getLanguage()));
  return button;
}
