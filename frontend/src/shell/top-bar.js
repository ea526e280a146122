import { getLanguage, LANGUAGES, translate, translateTo } from '../i18n/translate.js';
import { MODEL_PLACE } from '../model/model-route.js';
import { describeService, isBroken } from '../state/service.js';
import { createElement } from './element.js';
import './top-bar.css';

/** @typedef {import('../i18n/translate.js').Language} Language */
/** @typedef {import('../state/service.js').Service} Service */
/** @typedef {'dark' | 'light'} Look */

/**
 * @param {HTMLElement} root
 * @param {{ onLanguageChosen: (language: Language) => void, onLookChosen: (look: Look) => void,
 *   onKeys: () => void }} events
 */
export function createTopBar(root, { onLanguageChosen, onLookChosen, onKeys }) {
  /** @type {Look} */
  let otherLook = 'light';
  /** @type {string | null} */
  let shownVersion = null;
  const state = createElement('span');
  state.setAttribute('role', 'status');
  const model = createElement('a', { href: MODEL_PLACE, title: translate('topBar.aboutModel') });
  const modelPart = createElement('span');
  const languages = createElement(
    'div',
    { className: 'languages' },
    LANGUAGES.map((language) => createLanguageButton(language, onLanguageChosen)),
  );
  languages.setAttribute('role', 'group');
  languages.setAttribute('aria-label', translate('topBar.languages'));
  const lookWords = createElement('span');
  const lookButton = createElement(
    'button',
    { type: 'button', className: 'look-button', onclick: chooseLook },
    [lookWords],
  );
  const keysButton = createElement('button', {
    type: 'button',
    className: 'keys-button',
    textContent: translate('keys.open'),
    onclick: onKeys,
  });
  root.append(
    createElement('h1', { textContent: 'Tumorscope' }),
    createElement('p', { className: 'service-state' }, [state, modelPart]),
    languages,
    lookButton,
    keysButton,
  );

  function chooseLook() {
    onLookChosen(otherLook);
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

    /** @param {Look} look */
    showLook(look) {
      otherLook = look === 'dark' ? 'light' : 'dark';
      lookWords.textContent =
        otherLook === 'light' ? translate('topBar.lightLook') : translate('topBar.darkLook');
    },

    chooseLook,

    /** Where the keyboard was when the page was built anew. */
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
