import { createExportView } from '../../../frontend/src/report/export-view.js';
import { makePrediction, makeStudy } from '../factories.mjs';

function startView() {
  const root = document.createElement('div');
  const writeText = vi.fn(async (/** @type {string} */ _text) => {});
  const share = vi.fn(async (/** @type {ShareData} */ _data) => {});
  vi.stubGlobal('navigator', { clipboard: { writeText }, share });
  const onReport = vi.fn();
  const study = makeStudy({ phase: 'done', prediction: makePrediction() });
  const view = createExportView(root, { onReport, getStudies: () => [study] });
  const findButton = (/** @type {string} */ name) =>
    [...root.querySelectorAll('button')].find(({ textContent }) => textContent === name);
  return { root, view, study, onReport, writeText, share, findButton };
}

test('a waiting study cannot be exported', () => {
  const { root, view } = startView();
  view.update(makeStudy({ phase: 'waiting' }), 'staff');
  expect(root.querySelector('section')?.hidden).toBe(true);
});

test('a failed study has no report and no answer, but is in the table of the session', () => {
  const { view, findButton } = startView();
  view.update(makeStudy({ phase: 'failed' }), 'staff');
  expect(findButton('Report')?.hidden).toBe(true);
  expect(findButton('Download JSON')?.hidden).toBe(true);
  expect(findButton('All studies as CSV')?.hidden).toBe(false);
});

test('in plain words only the report is exported, no data', () => {
  const { view, study, findButton } = startView();
  view.update(study, 'patient');
  expect(findButton('Report')?.hidden).toBe(false);
  for (const name of ['Download JSON', 'Copy JSON', 'All studies as CSV']) {
    expect(findButton(name)?.hidden).toBe(true);
  }
});

test('the whole answer is copied, and the page confirms it', async () => {
  const { root, view, study, writeText, findButton } = startView();
  view.update(study, 'staff');
  findButton('Copy JSON')?.click();
  await vi.waitFor(() =>
    expect(root.querySelector('[role="status"]')?.textContent).toBe(
      'The answer was copied to the clipboard.',
    ),
  );
  expect(JSON.parse(writeText.mock.calls[0]?.[0] ?? '')).toEqual(makePrediction());
});

test('a browser that denies its clipboard is named as the reason', async () => {
  const { root, view, study, writeText, findButton } = startView();
  writeText.mockRejectedValue(new Error('no'));
  view.update(study, 'staff');
  findButton('Copy JSON')?.click();
  await vi.waitFor(() =>
    expect(root.querySelector('[role="status"]')?.textContent).toMatch(/^The browser denied/),
  );
});

test('a phone shares the lines of the summary, without a word where the person changes their mind', async () => {
  const { root, view, study, share, findButton } = startView();
  share.mockRejectedValue(new DOMException('', 'AbortError'));
  view.update(study, 'staff');
  findButton('Share')?.click();
  expect(share.mock.calls[0]?.[0].text).toMatch(/^scan\.png: Tumour likely: glioma\n/);
  await Promise.resolve();
  expect(root.querySelector('[role="status"]')?.textContent).toBe('');
});

test('without a clipboard, or a way to share, there is no button for it', () => {
  vi.stubGlobal('navigator', {});
  const root = document.createElement('div');
  createExportView(root, { onReport: vi.fn(), getStudies: () => [] });
  expect(root.textContent).not.toMatch(/Copy JSON|Share/);
});

test('the answer is saved under the name of its study, and no address of it is left', () => {
  const { view, findButton } = startView();
  const revokeObjectURL = vi.fn();
  vi.stubGlobal(
    'URL',
    class extends URL {
      static createObjectURL = () => 'blob:x';
      static revokeObjectURL = revokeObjectURL;
    },
  );
  /** @type {string[]} */
  const saved = [];
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(
    /** @this {HTMLAnchorElement} */
    function () {
      saved.push(this.download);
    },
  );
  view.update(makeStudy({ name: 'a/b.png', phase: 'done', prediction: makePrediction() }), 'staff');
  findButton('Download JSON')?.click();
  expect(saved).toEqual(['a_b.png.prediction.json']);
  expect(revokeObjectURL).toHaveBeenCalledExactlyOnceWith('blob:x');
});
