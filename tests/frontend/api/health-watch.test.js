import { watchHealth } from '../../../frontend/src/api/health-watch.js';
import { makeHealth } from '../factories.mjs';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  setHidden(true);
  vi.useRealTimers();
});

/** @param {boolean} hidden */
function setHidden(hidden) {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
  document.dispatchEvent(new Event('visibilitychange'));
}

function startWatch() {
  const fetchHealth = vi.fn(async () => makeHealth('ready'));
  const onHealth = vi.fn();
  const watch = watchHealth({ fetchHealth, onHealth, getPauseMs: () => 1000 });
  return { fetchHealth, onHealth, watch };
}

test('the service is polled at once and then after each pause', async () => {
  const { fetchHealth, onHealth } = startWatch();
  await vi.advanceTimersByTimeAsync(0);
  expect(onHealth).toHaveBeenLastCalledWith(makeHealth('ready'));
  await vi.advanceTimersByTimeAsync(2000);
  expect(fetchHealth).toHaveBeenCalledTimes(3);
});

test('a service that does not answer is reported, and polled again', async () => {
  const { fetchHealth, onHealth } = startWatch();
  await vi.advanceTimersByTimeAsync(0);
  fetchHealth.mockRejectedValueOnce(new Error('nobody there'));
  await vi.advanceTimersByTimeAsync(1000);
  expect(onHealth).toHaveBeenLastCalledWith(null);
  await vi.advanceTimersByTimeAsync(1000);
  expect(onHealth).toHaveBeenLastCalledWith(makeHealth('ready'));
});

test('a hidden page does not poll', async () => {
  const { fetchHealth } = startWatch();
  await vi.advanceTimersByTimeAsync(0);
  setHidden(true);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(fetchHealth).toHaveBeenCalledTimes(1);
  setHidden(false);
  expect(fetchHealth).toHaveBeenCalledTimes(2);
});

test('a check that is overtaken by another is ignored', async () => {
  const { fetchHealth, onHealth, watch } = startWatch();
  await vi.advanceTimersByTimeAsync(0);
  onHealth.mockClear();
  let answerLate = (/** @type {any} */ _health) => {};
  fetchHealth.mockImplementationOnce(() => new Promise((resolve) => (answerLate = resolve)));
  watch.checkNow();
  watch.checkNow();
  answerLate(makeHealth('failed'));
  await vi.advanceTimersByTimeAsync(0);
  expect(onHealth.mock.calls).toEqual([[makeHealth('ready')]]);
});
