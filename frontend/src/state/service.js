import { translate } from '../i18n/translate.js';

/** @typedef {import('../api/client.js').Health} Health */

/**
 * @typedef {{ status: 'unknown' | 'unreachable' | Health['status'], modelVersion: string | null }} Service
 */

/** @type {Service} */
export const UNKNOWN_SERVICE = { status: 'unknown', modelVersion: null };

/** @type {Service['status'][]} */
const SAID_BY_SERVICE = ['ready', 'starting', 'draining', 'failed'];

const PAUSE_READY_MS = 15_000;
const PAUSE_NOT_READY_MS = 3000;

/**
 * @param {Service} service as it was
 * @param {Health | null} health null where nobody answered
 * @returns {Service} the same object where nothing changed
 */
export function observeService(service, health) {
  const status =
    health !== null && SAID_BY_SERVICE.includes(health.status) ? health.status : 'unreachable';
  const modelVersion = health?.model?.version ?? null;
  const unchanged = service.status === status && service.modelVersion === modelVersion;
  return unchanged ? service : { status, modelVersion };
}

/** @param {Service} service */
export function describeService(service) {
  return translate(`service.${service.status}`);
}

/** @param {Service} service */
export function isReady(service) {
  return service.status === 'ready';
}

/** @param {Service} service */
export function isBroken(service) {
  return service.status === 'unreachable' || service.status === 'failed';
}

/**
 * Until the next look: often while people wait for the service, rarely while it is well.
 * @param {Service} service
 */
export function getPauseMs(service) {
  return isReady(service) ? PAUSE_READY_MS : PAUSE_NOT_READY_MS;
}
