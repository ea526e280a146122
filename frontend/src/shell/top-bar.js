import { getLanguage, LANGUAGES, translate, translateTo } from '../i18n/translate.js';
import { MODEL_HASH } from '../model/model-route.js';
import { describeService, isBroken } from '../state/service.js';
import { createButton, createElement } from './element.js';
import './top-bar.css';

/** @typedef {import('../i18n/translate.js').Language} Language */
/** @typedef {import('../state/service.js').Service} Service */
/** @typedef {'dark' | 'light'} Theme */

/**
 * @param {HTMLElement} root
 * @param {{ onLanguageChosen: (language: Language) => void, onThemeChosen: (theme: Theme) => void,
 *   onKeys: () => void, onSkip: () => void }} events
 */
export function createTopBar(root, { onLanguageChosen, onThemeChosen, onKeys, onSkip }) {
  /** @type {Theme} */
  let otherTheme = 'light';
  /** @type {string | null} */
  let shownVersion = null;
  const state = createElement('span');
  state.setAttribute('role', 'status');
  const model = createElement('a', { href: MODEL_HASH, title: translate('topBar.aboutModel') });
  const modelPart = createElement('span');
  const languages = createElement(
    'div',
    { className: 'languages' },
    LANGUAGES.map((language) => createLanguageButton(language, onLanguageChosen)),
  );
  languages.setAttribute('role', 'group');
  languages.setAttribute('aria-label', translate('topBar.languages'));
  const themeWords = createElement('span');
  const themeButton = createElement(
    'button',
    { type: 'button', className: 'theme-button', onclick: toggleTheme },
    [themeWords],
  );
  const keysButton = createButton(translate('keys.open'), onKeys, { className: 'keys-button' });
  root.append(
    createButton(translate('topBar.skip'), onSkip, { className: 'skip-button' }),
    createElement('h1', { textContent: 'Tumorscope' }),
    createElement('p', { className: 'service-state' }, [state, modelPart]),
    languages,
    themeButton,
    keysButton,
  );

  function toggleTheme() {
    onThemeChosen(otherTheme);
  }

  return {
    /** @param {Service} service */
    showService(service) {
      const words = describeService(service);
      if (state.textContent !== words) state.textContent = words;
      state.dataset.status = service.status;
      state.classList.toggle('broken', isBroken(service));
      const version = service.modelVersion;
      if (version === shownVersion) return;
      shownVersion = version;
      model.textContent = version === null ? '' : translate('topBar.model', { version });
      modelPart.replaceChildren(...(version === null ? [] : [' · ', model]));
    },

    /** @param {Theme} theme */
    showTheme(theme) {
      otherTheme = theme === 'dark' ? 'light' : 'dark';
      themeWords.textContent =
        otherTheme === 'light' ? translate('topBar.lightTheme') : translate('topBar.darkTheme');
    },

    toggleTheme,

    /** Restores the focus when the page is rebuilt. */
    focusLanguage() {
      const chosen = languages.querySelector('[aria-pressed="true"]');
      if (chosen instanceof HTMLElement) chosen.focus();
    },

    focusModel() {
      model.focus();
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
