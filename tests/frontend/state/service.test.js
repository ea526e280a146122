import {
  describeService,
  getPauseMs,
  isBroken,
  isReady,
  observeService,
  UNKNOWN_SERVICE,
} from '../../../frontend/src/state/service.js';
import { makeHealth } from '../factories.mjs';

test.each(
  /** @type {const} */ ([
    ['ready', 'service ready'],
    ['starting', 'service starting'],
    ['draining', 'service draining'],
    ['failed', 'service failed'],
  ]),
)('a service that says %s is "%s"', (status, words) => {
  const service = observeService(UNKNOWN_SERVICE, makeHealth(status));
  expect(describeService(service)).toBe(words);
  expect(isReady(service)).toBe(status === 'ready');
});

test('a service that does not answer is not reachable, and no model is claimed for it', () => {
  const ready = observeService(UNKNOWN_SERVICE, makeHealth('ready'));
  expect(describeService(observeService(ready, null))).toBe('service not reachable');
});

test('a service that says what the page does not know counts as not reachable', () => {
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

test('the same news changes nothing', () => {
  const ready = observeService(UNKNOWN_SERVICE, makeHealth('ready'));
  expect(observeService(ready, makeHealth('ready'))).toBe(ready);
});

test('a service that is not ready is asked more often', () => {
  const ready = observeService(UNKNOWN_SERVICE, makeHealth('ready'));
  expect(getPauseMs(UNKNOWN_SERVICE)).toBeLessThan(getPauseMs(ready));
});
