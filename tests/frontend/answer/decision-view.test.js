import { createDecisionView } from '../../../frontend/src/answer/decision-view.js';
import { ServiceFailure } from '../../../frontend/src/api/failure.js';
import { makePrediction, makeService, makeStudy } from '../factories.mjs';

const READY = makeService();

function startView() {
  const root = document.createElement('div');
  document.body.replaceChildren(root);
  const events = { onCancel: vi.fn(), onRestart: vi.fn(), onWordingChosen: vi.fn() };
  const view = createDecisionView(root, events);
  const [cancel, restart, wording] =
    /** @type {[HTMLButtonElement, HTMLButtonElement, HTMLButtonElement]} */ (
      /** @type {unknown} */ (root.querySelectorAll('button'))
    );
  return { root, view, events, cancel, restart, wording };
}

test('a running analysis can be cancelled, and a temporary failure tried again', () => {
  const { view, events, cancel, restart } = startView();
  view.update(makeStudy({ id: 7, phase: 'analysing' }), READY, 'staff');
  expect(restart.hidden).toBe(true);
  cancel.click();
  expect(events.onCancel).toHaveBeenCalledExactlyOnceWith(7);

  const failure = new ServiceFailure({ code: 'overloaded', status: 503 });
  view.update(makeStudy({ id: 7, phase: 'failed', failure }), READY, 'staff');
  expect(cancel.hidden).toBe(true);
  restart.click();
  expect(events.onRestart).toHaveBeenCalledExactlyOnceWith(7);
});

test('the focus moves to the decision when its button is gone', () => {
  const { root, view, cancel } = startView();
  view.update(makeStudy({ phase: 'uploading' }), READY, 'staff');
  cancel.focus();
  view.update(makeStudy({ phase: 'analysing' }), READY, 'staff');
  expect(document.activeElement).toBe(cancel);
  view.update(makeStudy({ phase: 'done', prediction: makePrediction() }), READY, 'staff');
  expect(document.activeElement).toBe(root.querySelector('h2'));
});

test('the text of an error is shown as text, whatever it contains', () => {
  const { root, view } = startView();
  const failure = new ServiceFailure({
    code: '<img src=x>',
    title: '<img src=x>',
    detail: '<img src=x>',
    requestId: '<img src=x>',
  });
  view.update(makeStudy({ phase: 'failed', failure }), READY, 'staff');
  expect(root.querySelector('img')).toBeNull();
  expect(root.querySelector('.trace')?.textContent).toBe('<img src=x> · request <img src=x>');
});

test('changes of other studies keep the words, and a selection in them', () => {
  const { root, view } = startView();
  const study = makeStudy({ phase: 'failed', failure: new ServiceFailure({ code: 'internal' }) });
  view.update(study, READY, 'staff');
  const words = root.querySelector('.trace')?.firstChild;
  view.update({ ...study }, READY, 'staff');
  expect(root.querySelector('.trace')?.firstChild).toBe(words);
});

test('a prediction can be read in clinical terms and in plain words', () => {
  const { root, view, events, wording } = startView();
  view.update(makeStudy({ phase: 'analysing' }), READY, 'staff');
  expect(wording.hidden).toBe(true);
  const study = makeStudy({ phase: 'done', prediction: makePrediction() });
  view.update(study, READY, 'staff');
  expect(wording.textContent).toBe('Show in plain words');
  wording.click();
  expect(events.onWordingChosen).toHaveBeenCalledExactlyOnceWith('patient');
  view.update(study, READY, 'patient');
  expect(root.querySelector('h2')?.textContent).toBe('The program sees signs of a tumour');
  expect(wording.textContent).toBe('Show in clinical terms');
});
