import { readInBatches } from '../../../frontend/src/intake/read-in-batches.js';

/** @returns {{ read: (item: number) => Promise<number>, most: () => number }} which counts what is read at a time */
function watchReading() {
  let [reading, most] = [0, 0];
  return {
    async read(item) {
      reading += 1;
      most = Math.max(most, reading);
      await new Promise((resolve) => setTimeout(resolve, item % 3));
      reading -= 1;
      return item * 2;
    },
    most: () => most,
  };
}

const ITEMS = Array.from({ length: 200 }, (_, item) => item);

test('gives what was read in the order of the files', async () => {
  const { read, most } = watchReading();
  expect(await readInBatches(ITEMS, read)).toEqual(ITEMS.map((item) => item * 2));
  expect(most()).toBe(64);
});

test('reads large files one by one', async () => {
  const { read, most } = watchReading();
  await readInBatches(ITEMS.slice(0, 5), read, () => 100 * 2 ** 20);
  expect(most()).toBe(1);
});

test('reads no files at all', async () => {
  expect(await readInBatches([], watchReading().read)).toEqual([]);
});
