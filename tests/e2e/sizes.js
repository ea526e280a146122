import { setLanguage, translate } from '../../frontend/src/i18n/translate.js';
import { checkLayout, expect } from './page.js';

export const SIZES = [
  [390, 844],
  [844, 390],
  [1280, 800],
  [1366, 625],
  [1920, 1080],
];
export const LOOKS = /** @type {const} */ ([
  ['dark', 'en'],
  ['light', 'de'],
]);

/**
 * @param {import('@playwright/test').Page} page
 * @param {import('../../frontend/src/i18n/translate.js').MessageKey} key
 */
export function findButton(page, key) {
  return page.getByRole('button', { name: translate(key), exact: true }).first();
}

/**
 * @param {import('@playwright/test').Page} page
 * @param {string} theme
 * @param {import('../../frontend/src/i18n/translate.js').Language} language
 */
export async function setLook(page, theme, language) {
  setLanguage(language);
  await page.addInitScript(
    ([chosen, spoken]) => {
      localStorage.setItem('tumorscope-theme', chosen);
      localStorage.setItem('tumorscope-language', spoken);
    },
    [theme, language],
  );
}

/**
 * Sees a state of the page at every size, without loading it again.
 * @param {import('@playwright/test').Page} page
 * @param {string} name of the pictures
 * @param {(view: { width: number, height: number }) => Promise<void>} check at each size
 */
export async function seeEverySize(page, name, check) {
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    await check({ width, height });
    await checkLayout(page, `every-size-${name}-${width}x${height}`);
  }
}

/**
 * In view from edge to edge, and none of its words cut off.
 * @param {import('@playwright/test').Locator} part
 * @param {{ width: number, height: number }} view
 */
export async function expectWhole(part, view) {
  await expect(part).toBeInViewport({ ratio: 1 });
  const { x, width } = await part.boundingBox();
  expect(x).toBeGreaterThanOrEqual(0);
  expect(x + width).toBeLessThanOrEqual(view.width);
  const cut = await part.evaluate((element) =>
    [element, ...element.querySelectorAll('*')]
      .filter(({ scrollWidth, clientWidth }) => clientWidth > 0 && scrollWidth > clientWidth + 1)
      .map(({ outerHTML }) => outerHTML),
  );
  expect(cut).toEqual([]);
}
