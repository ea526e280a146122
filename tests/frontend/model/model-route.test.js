import { ServiceFailure } from '../../../frontend/src/api/failure.js';
import { MODEL_HASH, watchModelRoute } from '../../../frontend/src/model/model-route.js';
import { UNKNOWN_SERVICE } from '../../../frontend/src/state/service.js';
import { makeModelAnswer } from '../factories.mjs';

/** @type {AbortController} */
let removal;

beforeEach(() => {
  removal = new AbortController();
});

afterEach(async () => {
  removal.abort();
  await goTo('');
});

/** @param {string} hash the event of a change comes later */
async function goTo(hash) {
  if (location.hash === hash) return;
  const changed = new Promise((resolve) =>
    window.addEventListener('hashchange', resolve, { once: true }),
  );
  location.hash = hash;
  await changed;
}

/** @param {string | null} modelVersion */
const serve = (modelVersion) => ({ ...UNKNOWN_SERVICE, modelVersion });

function startPlace(fetchModel = vi.fn(async () => makeModelAnswer())) {
  const view = { show: vi.fn(), focus: vi.fn(), showMessage: vi.fn(), showCard: vi.fn() };
  const onClosed = vi.fn();
  const place = watchModelRoute(view, fetchModel, { onClosed }, removal.signal);
  return { view, place, fetchModel, onClosed };
}

test('the model card is loaded when its page is opened, and not before', async () => {
  const { view, place, fetchModel } = startPlace();
  place.update(serve('1.0.0'));
  expect(fetchModel).not.toHaveBeenCalled();
  place.toggle();
  await vi.waitFor(() => expect(view.showCard).toHaveBeenCalledOnce());
  expect(view.show).toHaveBeenLastCalledWith(true);
  expect(view.focus).toHaveBeenCalledOnce();
});

test('leaving its address closes the page, and reports it', async () => {
  const { view, place, onClosed } = startPlace();
  place.toggle();
  await vi.waitFor(() => expect(view.show).toHaveBeenLastCalledWith(true));
  place.close();
  await vi.waitFor(() => expect(onClosed).toHaveBeenCalledOnce());
  expect(view.show).toHaveBeenLastCalledWith(false);
});

test('while the service is not ready the page says so, and the card appears by itself', async () => {
  await goTo(MODEL_HASH);
  const { view, place } = startPlace();
  expect(view.showMessage.mock.lastCall?.[0][0].text).toMatch(/not ready/);
  place.update(serve('1.0.0'));
  await vi.waitFor(() => expect(view.showCard).toHaveBeenCalledOnce());
});

test('the card of another model replaces the first', async () => {
  await goTo(MODEL_HASH);
  const { view, place, fetchModel } = startPlace();
  place.update(serve('1.0.0'));
  await vi.waitFor(() => expect(view.showCard).toHaveBeenCalledTimes(1));
  place.update(serve('1.1.0'));
  await vi.waitFor(() => expect(view.showCard).toHaveBeenCalledTimes(2));
  expect(fetchModel).toHaveBeenCalledTimes(2);
});

test('a failure is described, and the card loaded again when the service is back', async () => {
  await goTo(MODEL_HASH);
  const fetchModel = vi.fn(async () => makeModelAnswer());
  fetchModel.mockRejectedValueOnce(new ServiceFailure({ code: 'unreachable' }));
  const { view, place } = startPlace(fetchModel);
  place.update(serve('1.0.0'));
  await vi.waitFor(() =>
    expect(view.showMessage.mock.lastCall?.[0][0].text).toBe('The service cannot be reached.'),
  );
  place.update(serve(null));
  place.update(serve('1.0.0'));
  await vi.waitFor(() => expect(view.showCard).toHaveBeenCalledOnce());
});
