import { keepPreference, readPreference } from './preferences.js';

/** @typedef {import('./top-bar.js').Theme} Theme */

/** @returns {Theme} dark, unless this browser chose otherwise before */
export function readTheme() {
  return readPreference('theme') === 'light' ? 'light' : 'dark';
}

/** @param {Theme} theme */
export function applyTheme(theme) {
  document.documentElement.dataset.theme = theme;
  keepPreference('theme', theme);
}
