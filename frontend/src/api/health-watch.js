/** @typedef {import('./client.js').Health} Health */

/**
 * Asks the service how it is, again and again while the page is seen.
 * @param {{ fetchHealth: (signal: AbortSignal) => Promise<Health>,
 *           onHealth: (health: Health | null) => void,
 *           getPauseMs: () => number }} wiring `onHealth` gets null where nobody answers
 */
export function watchHealth({ fetchHealth, onHealth, getPauseMs }) {
  let current = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  async function checkNow() {
    pause();
    const { signal } = current;
    const health = await fetchHealth(signal).catch(() => null);
    // A check that was overtaken or paused says nothing about the service.
    if (signal.aborted) return;
    onHealth(health);
    timer = setTimeout(checkNow, getPauseMs());
  }

  function pause() {
    clearTimeout(timer);
    current.abort();
    current = new AbortController();
  }

  function followVisibility() {
    if (document.hidden) pause();
    else checkNow();
  }

  document.addEventListener('visibilitychange', followVisibility);
  window.addEventListener('online', checkNow);
  followVisibility();
  return { checkNow };
}
