import { createReportView } from '../../../frontend/src/report/report-view.js';
import { makePrediction, makeService, makeStudy, makeVolumePrediction } from '../factories.mjs';

const HOSTILE = '<img src=x onerror=alert(1)>';

/** @param {Parameters<typeof makeStudy>[0]} [changes] */
function openReport(changes = {}) {
  const root = document.createElement('div');
  document.body.replaceChildren(root);
  const onClose = vi.fn();
  const typed = new Map();
  const view = createReportView(root, typed, { onClose });
  const study = makeStudy({ phase: 'done', prediction: makePrediction(), ...changes });
  view.update(study, makeService(), 'staff');
  return { root, view, study, typed, onClose };
}

/** @param {HTMLElement} root @param {string} selector */
function find(root, selector) {
  return /** @type {HTMLElement} */ (root.querySelector(selector));
}

test('a report shows the decision, the figures and the notice, and takes the focus', () => {
  const { root } = openReport();
  expect(document.activeElement).toBe(find(root, 'h2'));
  expect(find(root, '.report-headline').textContent).toBe('Tumour likely: glioma');
  expect(root.querySelectorAll('.probability-bars li')).toHaveLength(4);
  expect(find(root, '.report-notice').textContent).toBe('Investigational. Not for diagnostic use.');
});

test('a report in plain words says what the page says', () => {
  const { root, view, study } = openReport();
  view.update(null, makeService(), 'patient');
  view.update(study, makeService(), 'patient');
  expect(find(root, '.report-headline').textContent).toBe('The program sees signs of a tumour');
});

test('a report in plain words has no figures, and says which model and when', () => {
  const { root, view, study } = openReport({ prediction: makeVolumePrediction() });
  expect(root.querySelectorAll('.curve-line').length).toBeGreaterThan(0);
  view.update(null, makeService(), 'patient');
  view.update(study, makeService(), 'patient');
  expect(root.querySelector('.probability-bars, .curve-line, .report-columns')).toBeNull();
  const terms = [...root.querySelectorAll('.report-origin dt')].map((term) => term.textContent);
  expect(terms).toEqual(['Model', 'Analysed']);
});

test('typed text is printed, and dropped when the report is closed', () => {
  const { root, view, study } = openReport();
  const [name, birthDate] = /** @type {NodeListOf<HTMLInputElement>} */ (
    root.querySelectorAll('.report-field input')
  );
  for (const [input, value] of /** @type {const} */ ([
    [name, HOSTILE],
    [birthDate, '1970-12-31'],
  ])) {
    if (input === undefined) throw new Error('there is no such field');
    input.value = value;
    input.dispatchEvent(new Event('input'));
  }
  const typed = () => [...root.querySelectorAll('.report-typed')].map((line) => line.textContent);
  expect(typed()).toEqual([HOSTILE, '31 December 1970', '', '']);
  expect(root.querySelectorAll('.report-field.filled')).toHaveLength(2);
  expect(root.querySelector('img')).toBeNull();

  view.update(null, makeService(), 'staff');
  expect(root.textContent).toBe('');
  view.update(study, makeService(), 'staff');
  expect(typed()).toEqual(['', '', '', '']);
  expect(root.querySelector('input')?.value).toBe('');
});

test('typed text survives a rebuild in another language, until the report is closed', () => {
  const { root, study, typed } = openReport();
  const input = /** @type {HTMLInputElement} */ (root.querySelector('.report-field input'));
  input.value = 'Doe';
  input.dispatchEvent(new Event('input'));
  root.replaceChildren();
  const again = createReportView(root, typed, { onClose: () => {} });
  again.update(study, makeService(), 'staff');
  expect(root.querySelector('input')?.value).toBe('Doe');
  expect(find(root, '.report-typed').textContent).toBe('Doe');
  again.update(null, makeService(), 'staff');
  expect(typed.size).toBe(0);
});

test('the name of a study is text on its report, whatever it holds', () => {
  const { root } = openReport({ name: HOSTILE, requestId: HOSTILE });
  expect(find(root, 'h2').textContent).toBe(`Report: ${HOSTILE}`);
  expect(root.querySelector('img')).toBeNull();
});

test('a study without a picture has a report that says so', async () => {
  const { root } = openReport();
  await vi.waitFor(() =>
    expect(find(root, '.report-pictures').textContent).toBe(
      'The service sent no image of this slice.',
    ),
  );
});

test('a report is printed by the browser', () => {
  const print = vi.fn();
  vi.stubGlobal('print', print);
  const { root, onClose } = openReport();
  const [printButton, closeButton] = root.querySelectorAll('button');
  printButton?.click();
  expect(print).toHaveBeenCalledOnce();
  closeButton?.click();
  expect(onClose).toHaveBeenCalledOnce();
});

test('a report after a reload says that the image was not kept', async () => {
  const { root } = openReport({ files: null });
  await vi.waitFor(() =>
    expect(find(root, '.report-pictures').textContent).toMatch(/^Images are not kept/),
  );
});
