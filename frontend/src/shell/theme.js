import { keepPreference, readPreference } from './preferences.js';

/** @typedef {import('./top-bar.js').Look} Look */

/** @returns {Look} dark, unless this browser chose otherwise before */
export function readLook() {
  return readPreference('look') === 'light' ? 'light' : 'dark';
}

/** @param {Look} look */
export function applyLook(look) {
  document.documentElement.dataset.look = look;
  keepPreference('look', look);
}
