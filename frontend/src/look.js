/** @typedef {import('./views/top-bar.js').Look} Look */

const STORAGE_KEY = 'tumorscope-look';

/** @returns {Look} dark, unless this browser chose otherwise before */
export function readLook() {
  try {
    return localStorage.getItem(STORAGE_KEY) === 'light' ? 'light' : 'dark';
  } catch {
    return 'dark';
  }
}

/** @param {Look} look */
export function applyLook(look) {
  document.documentElement.dataset.look = look;
  try {
    localStorage.setItem(STORAGE_KEY, look);
  } catch {
    // A browser that stores nothing still shows the look until the page is closed.
  }
}
