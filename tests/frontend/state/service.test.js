import {
  describeService,
  getPauseMs,
  isBroken,
  isBusy,
  isReady,
  observeService,
  takesStudies,
  UNKNOWN_SERVICE,
} from '../../../frontend/src/state/service.js';
import { makeHealth, makeService } from '../factories.mjs';

test.each(
  /** @type {const} */ ([
    ['ready', 'service ready'],
    ['starting', 'service starting'],
    ['draining', 'service shutting down'],
    ['failed', 'service error'],
  ]),
)('a service that says %s is "%s"', (status, words) => {
  const service = observeService(UNKNOWN_SERVICE, makeHealth(status));
  expect(describeService(service)).toBe(words);
  expect(isReady(service)).toBe(status === 'ready');
});

test('a service that does not answer is unreachable and has no model', () => {
  const ready = observeService(UNKNOWN_SERVICE, makeHealth('ready'));
  expect(describeService(observeService(ready, null))).toBe('service unreachable');
});

test('a service with an unknown status counts as unreachable', () => {
  const health = /** @type {any} */ ({ ...makeHealth('ready'), status: 'constructor' });
  expect(observeService(UNKNOWN_SERVICE, health).status).toBe('unreachable');
});

test('only a service that fails or is away is shown as broken', () => {
  const broken = (/** @type {any} */ health) => isBroken(observeService(UNKNOWN_SERVICE, health));
  expect(broken(null)).toBe(true);
  expect(broken(makeHealth('failed'))).toBe(true);
  expect(broken(makeHealth('starting'))).toBe(false);
  expect(isBroken(UNKNOWN_SERVICE)).toBe(false);
});

test('a service is busy while others queue, or after it rejected a study', () => {
  const busy = (/** @type {any} */ changes) => isBusy(makeService(changes));
  expect(busy({ queueDepth: 1 })).toBe(false);
  expect(busy({ queueDepth: 2 })).toBe(true);
  expect(busy({ retryInS: 7 })).toBe(true);
  expect(busy({ status: 'draining', queueDepth: 2 })).toBe(false);
  expect(takesStudies(makeService({ queueDepth: 2 }))).toBe(true);
  expect(takesStudies(makeService({ retryInS: 7 }))).toBe(false);
});

test('the wait that a busy service asked for outlasts a health check', () => {
  const busy = makeService({ retryInS: 7 });
  const health = { ...makeHealth('ready'), queue_depth: 4 };
  expect(observeService(busy, health)).toMatchObject({ queueDepth: 4, retryInS: 7 });
});

test('an unchanged health answer changes nothing', () => {
  const ready = observeService(UNKNOWN_SERVICE, makeHealth('ready'));
  expect(observeService(ready, makeHealth('ready'))).toBe(ready);
});

test('a service that is not ready is asked more often', () => {
  const ready = observeService(UNKNOWN_SERVICE, makeHealth('ready'));
  expect(getPauseMs(UNKNOWN_SERVICE)).toBeLessThan(getPauseMs(ready));
});
