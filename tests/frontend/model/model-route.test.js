import { ServiceFailure } from '../../../frontend/src/api/failure.js';
import { createModelRoute } from '../../../frontend/src/model/model-route.js';
import { UNKNOWN_SERVICE } from '../../../frontend/src/state/service.js';
import { makeModelAnswer } from '../factories.mjs';

/** @type {AbortController} */
let removal;

beforeEach(() => {
  removal = new AbortController();
});

afterEach(() => removal.abort());

/**
 * @param {string | null} modelVersion
 * @param {import('../../../frontend/src/state/session.js').View} view
 */
const serve = (modelVersion, view) => ({ service: { ...UNKNOWN_SERVICE, modelVersion }, view });

function startPlace(fetchModel = vi.fn(async () => makeModelAnswer())) {
  const view = { show: vi.fn(), focus: vi.fn(), showMessage: vi.fn(), showCard: vi.fn() };
  const onClosed = vi.fn();
  const place = createModelRoute(view, fetchModel, { onClosed }, removal.signal);
  return { view, place, fetchModel, onClosed };
}

test('the model card is loaded when its page is opened, and not before', async () => {
  const { view, place, fetchModel } = startPlace();
  place.update(serve('1.0.0', 'study'));
  expect(fetchModel).not.toHaveBeenCalled();
  place.update(serve('1.0.0', 'model'));
  await vi.waitFor(() => expect(view.showCard).toHaveBeenCalledOnce());
  expect(view.show).toHaveBeenLastCalledWith(true);
  expect(view.focus).toHaveBeenCalledOnce();
});

test('closing it reports it, and building the page anew around it moves no focus', () => {
  const { view, place, onClosed } = startPlace();
  place.update(serve(null, 'model'));
  expect(view.focus).not.toHaveBeenCalled();
  place.update(serve(null, 'study'));
  expect(onClosed).toHaveBeenCalledOnce();
  expect(view.show).toHaveBeenLastCalledWith(false);
});

test('while the service is not ready the page says so, and the card appears by itself', async () => {
  const { view, place } = startPlace();
  place.update(serve(null, 'model'));
  expect(view.showMessage.mock.lastCall?.[0][0].text).toMatch(/not ready/);
  place.update(serve('1.0.0', 'model'));
  await vi.waitFor(() => expect(view.showCard).toHaveBeenCalledOnce());
});

test('the card of another model replaces the first', async () => {
  const { view, place, fetchModel } = startPlace();
  place.update(serve('1.0.0', 'model'));
  await vi.waitFor(() => expect(view.showCard).toHaveBeenCalledTimes(1));
  place.update(serve('1.1.0', 'model'));
  await vi.waitFor(() => expect(view.showCard).toHaveBeenCalledTimes(2));
  expect(fetchModel).toHaveBeenCalledTimes(2);
});

test('a failure is described, and the card loaded again when the service is back', async () => {
  const fetchModel = vi.fn(async () => makeModelAnswer());
  fetchModel.mockRejectedValueOnce(new ServiceFailure({ code: 'unreachable' }));
  const { view, place } = startPlace(fetchModel);
  place.update(serve('1.0.0', 'model'));
  await vi.waitFor(() =>
    expect(view.showMessage.mock.lastCall?.[0][0].text).toBe('The service cannot be reached.'),
  );
  place.update(serve(null, 'model'));
  place.update(serve('1.0.0', 'model'));
  await vi.waitFor(() => expect(view.showCard).toHaveBeenCalledOnce());
});
