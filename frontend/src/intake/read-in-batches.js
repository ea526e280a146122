// So that a folder of a thousand slices does not freeze the page, and large files do not fill its memory.
const MOST_FILES = 64;
const MOST_BYTES = 32 * 2 ** 20;

/**
 * Reads files, several at a time: a browser takes milliseconds to answer for each.
 * @template Item
 * @template Result
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<Result>} read
 * @param {(item: Item) => number} [countBytes] that are in memory while an item is read
 * @returns {Promise<Result[]>} in the order of the items
 */
export async function readInBatches(items, read, countBytes = () => 0) {
  const results = [];
  for (let start = 0, end = 0; start < items.length; start = end) {
    let bytes = 0;
    do {
      bytes += countBytes(/** @type {Item} */ (items[end]));
      end += 1;
    } while (end < items.length && end - start < MOST_FILES && bytes < MOST_BYTES);
    results.push(...(await Promise.all(items.slice(start, end).map(read))));
  }
  return results;
}
