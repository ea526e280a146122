/**
 * The texts of a table's body, a row a list.
 * @param {HTMLElement} root
 * @param {string} name of the table
 */
export function readTable(root, name) {
  const rows = root.querySelectorAll(`[aria-label="${name}"] tbody tr`);
  return [...rows].map((row) =>
    [...row.children].map((cell) => cell.textContent?.replaceAll('\u00a0', ' ')),
  );
}
