/**
 * A preference kept by this browser; null where it has none or stores nothing.
 * @param {string} name
 * @returns {string | null}
 */
export function readPreference(name) {
  try {
    return localStorage.getItem(`tumorscope-${name}`);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function keepPreference(name, value) {
  try {
    localStorage.setItem(`tumorscope-${name}`, value);
  } catch {
    // The choice still holds until the page is closed.
  }
}
