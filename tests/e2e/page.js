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
 * Letters and rounding differ between machines, and the engine's digits with them; a part that is missing, moved or of
 * another colour is more.
 */
export const TOLERANCE = { maxDiffPixelRatio: 0.06, threshold: 0.25 };

/** What axe cannot decide by its words, and why it is no fault. */
const UNDECIDED = new Map([
  [
    'Element content contains only non-text characters',
    'The signs on buttons (−, ☀, ☾) have the colours of the words on the buttons beside them, which are judged.',
  ],
  [
    'Element content is too short to determine if it is actual text content',
    'The marks R, L, A, P, S and I have the colours of the caption on the same slice, which is judged.',
  ],
  [
    "Element's background color could not be determined because element contains an image node",
    'The words in place of a slice lie on its canvas, which is black: #99a2aa on #000 is 8 to 1.',
  ],
  [
    "Element's background color could not be determined because it partially overlaps other elements",
    'A dialog lies over the notice and has a background of its own, on which its words are judged at other sizes.',
  ],
]);

/**
 * Looks again at what axe has left open, with one element after the other in full view: most of it lies half under the
 * notice or out of its scroller. What axe decides on the way need not be brought into view itself.
 * @param {import('@playwright/test').Page} page where axe has run
 * @param {import('axe-core').Result[]} incomplete
 * @returns {Promise<string[][]>} rule, element and messages of what stays open or is a fault
 */
function settle(page, incomplete) {
  const open = incomplete.flatMap(({ id, nodes }) => nodes.map(({ target: [path] }) => [id, path]));
  return page.evaluate(async (open) => {
    const left = [];
    let waiting = open.map(([rule, path]) => ({
      rule,
      element: document.querySelector(path),
    }));
    while (waiting.length > 0) {
      const [shown] = waiting;
      /** @type {[Element, number, number][]} */
      const scrolled = [];
      for (let around = shown.element; around; around = around.parentElement) {
        scrolled.push([around, around.scrollLeft, around.scrollTop]);
      }
      shown.element.scrollIntoView({ block: 'center', inline: 'center' });
      const found = await axe.run(
        { include: waiting.map(({ element }) => element) },
        {
          runOnly: {
            type: 'rule',
            values: [...new Set(waiting.map(({ rule }) => rule))],
          },
        },
      );
      const list = (results) =>
        results.flatMap(({ id, nodes }) =>
          nodes.map((node) => ({
            rule: id,
            node,
            element: document.querySelector(node.target[0]),
          })),
        );
      const faults = list(found.violations);
      const undecided = list(found.incomplete);
      const isIn = (all, one) => all.some((o) => o.rule === one.rule && o.element === one.element);
      const final = undecided.filter(
        (one) => one.rule === shown.rule && one.element === shown.element,
      );
      for (const { rule, node } of [...faults, ...final]) {
        const messages = [...node.any, ...node.all, ...node.none].map(({ message }) => message);
        left.push([rule, node.html, ...messages]);
      }
      waiting = waiting.filter((one) => one !== shown && isIn(undecided, one));
      for (const [around, x, y] of scrolled) around.scrollTo(x, y);
    }
    return left;
  }, open);
}

/**
 * Let the page see other fields in the service's health from now on. The page polls it until the journey ends, and a
 * request that is passed on would be cut off then: the service is asked once, here.
 * @param {import('@playwright/test').Page} page
 * @param {(health: any) => object} change gives the fields that differ
 */
export async function changeHealth(page, change) {
  const health = await (await page.request.get('/api/health')).json();
  const json = { ...health, ...change(health) };
  await page.route('**/api/health', (route) => route.fulfill({ json }));
}

/**
 * What must hold of every state in every theme, and a picture of it for people.
 * @param {import('@playwright/test').Page} page
 * @param {string} name of the picture
 */
export async function checkAppearance(page, name) {
  const { violations, incomplete } = await new AxeBuilder({ page }).withTags(WCAG).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  const left = await settle(page, incomplete);
  const isExplained = (/** @type {string[]} */ [, , ...words]) =>
    words.every((one) => UNDECIDED.has(one));
  expect(left.filter((one) => !isExplained(one))).toEqual([]);
  await checkLayout(page, name);
}

/**
 * What of it depends on the size of the view.
 * @param {import('@playwright/test').Page} page
 * @param {string} name of the picture
 */
export async function checkLayout(page, name) {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow, 'nothing scrolls sideways').toBe(0);
  await expect(describePage(page).notice).toBeInViewport({ ratio: 1 });
  await page.screenshot({ path: `test-results/screens/${name}.png` });
}
