/**
 * What this browser chose before; a browser that stores nothing has chosen nothing.
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
    // What is chosen still holds until the page is closed.
  }
}
