/** @typedef {import('./client.js').Health} Health */

/**
 * Polls the health of the service while the page is visible.
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
    // A check that was overtaken or paused counts for nothing.
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
