import { createBitmapCache } from '../../../../frontend/src/reading/pixels/bitmap-cache.js';
import { makeStudy } from '../../factories.mjs';

test('the bitmaps of a removed study are closed, also when they are decoded late', async () => {
  const bitmaps = [1, 2].map(() => ({ width: 8, height: 8, close: vi.fn() }));
  let made = 0;
  vi.stubGlobal('createImageBitmap', async () => bitmaps[made++]);
  const onChange = vi.fn();
  const bitmapCache = createBitmapCache(onChange);
  const [kept, removed] = [makeStudy({ id: 1 }), makeStudy({ id: 2 })];
  bitmapCache.request(kept);
  bitmapCache.request(removed);
  bitmapCache.keepOnly([kept]);
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2));
  bitmapCache.keepOnly([kept]);
  expect(bitmapCache.get(kept)).toBe(bitmaps[0]);
  expect(bitmapCache.get(removed)).toBeNull();
  expect(bitmaps[0]?.close).not.toHaveBeenCalled();
  expect(bitmaps[1]?.close).toHaveBeenCalledOnce();
});
