/**
 * One tab stop for a group of controls, between which the arrow keys move (ARIA Authoring Practices, toolbar).
 * @param {HTMLElement} group
 * @param {string} selector of its controls
 * @param {[back: string, on: string]} keys
 */
export function attachRoving(group, selector, [back, on]) {
  /** The control that had the focus last. */
  /** @type {HTMLElement | null} */
  let stop = null;

  function list() {
    const found = /** @type {NodeListOf<HTMLElement>} */ (group.querySelectorAll(selector));
    return [...found].filter((control) => control.closest('[hidden]') === null);
  }

  /** Call it when controls have come or gone. */
  function refresh() {
    const controls = list();
    const current = controls.find((control) => control === stop) ?? controls[0];
    for (const control of controls) control.tabIndex = control === current ? 0 : -1;
  }

  group.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof HTMLElement) || !list().includes(target)) return;
    stop = target;
    refresh();
  });
  group.addEventListener('keydown', (event) => {
    const by = event.key === on ? 1 : event.key === back ? -1 : 0;
    const controls = list();
    const place = controls.indexOf(/** @type {HTMLElement} */ (event.target));
    if (by === 0 || place === -1) return;
    event.preventDefault();
    controls[(place + by + controls.length) % controls.length]?.focus();
  });
  return { refresh };
}
