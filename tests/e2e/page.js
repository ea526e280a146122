import AxeBuilder from '@axe-core/playwright';
import { test as base, expect } from '@playwright/test';

/** The parts of the page by what they are to a person, and what holds on every journey. */
export const test = base.extend({
  page: async ({ page, baseURL }, use) => {
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(`uncaught: ${error}`));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) complaints.push(message.text());
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      const own = url.origin === new URL(baseURL).origin || url.protocol === 'blob:';
      if (!own) complaints.push(`another host was asked: ${url.origin}`);
    });
    await use(page);
    expect(complaints).toEqual([]);
  },
});

export { expect };

const NOTICE =
  /^(Investigational\. Not for diagnostic use\.|In Erprobung\. Nicht zur Diagnose bestimmt\.)$/;

/** @param {import('@playwright/test').Page} page */
export function describePage(page) {
  return {
    chooser: page.getByLabel('Files to analyse'),
    folderChooser: page.getByLabel('Folder to analyse'),
    headline: page.locator('.decision h2'),
    trace: page.locator('.trace'),
    bars: page.locator('.probability-bars li'),
    opacity: page.getByRole('slider', { name: /^Heat map for/ }),
    json: page.getByLabel('Answer as JSON'),
    serviceState: page.locator('.service-state'),
    studies: page.getByRole('navigation', { name: 'Studies' }).getByRole('listitem'),
    notice: page.getByRole('contentinfo').filter({ hasText: NOTICE }),
  };
}

/** @param {import('@playwright/test').Page} page */
export async function readAnswer(page) {
  return JSON.parse(await page.getByLabel('Answer as JSON').textContent());
}

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'];

export const DECIDED =
  /^(Tumour likely|No tumour seen|Not certain|This does not look like|Not a brain MRI)/;

/**
 * What must hold of every state in every theme, and a picture of it for people.
 * @param {import('@playwright/test').Page} page
 * @param {string} name of the picture
 */
export async function checkAppearance(page, name) {
  const { violations } = await new AxeBuilder({ page }).withTags(WCAG).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);

  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow, 'nothing scrolls sideways').toBe(0);
  await expect(describePage(page).notice).toBeInViewport({ ratio: 1 });
  await page.screenshot({ path: `test-results/screens/${name}.png` });
}
