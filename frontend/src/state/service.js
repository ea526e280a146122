import { translate } from '../i18n/translate.js';

/** @typedef {import('../api/client.js').Health} Health */

/**
 * @typedef {object} Service
 * @property {'unknown' | 'unreachable' | Health['status']} status
 * @property {string | null} modelVersion
 * @property {string | null} modelSha256 tells models of the same version apart
 * @property {number} queueDepth requests that it answers or that wait, those of this page among them
 * @property {number | null} retryInS it rejected a study as too busy, and takes another try in so many seconds
 */

/** @type {Service} */
export const UNKNOWN_SERVICE = {
  status: 'unknown',
  modelVersion: null,
  modelSha256: null,
  queueDepth: 0,
  retryInS: null,
};

/** @type {Service['status'][]} */
const REPORTED_STATUSES = ['ready', 'starting', 'draining', 'failed'];

const PAUSE_READY_MS = 15_000;
const PAUSE_BUSY_MS = 5000;
const PAUSE_NOT_READY_MS = 3000;

// One request may be this page's own study.
const LONGEST_FREE_QUEUE = 1;

/**
 * @param {Service} service as it was
 * @param {Health | null} health null where nobody answered
 * @returns {Service} the same object where nothing changed
 */
export function observeService(service, health) {
  const status =
    health !== null && REPORTED_STATUSES.includes(health.status) ? health.status : 'unreachable';
  /** @type {Omit<Service, 'retryInS'>} */
  const observed = {
    status,
    modelVersion: health?.model?.version ?? null,
    modelSha256: health?.model?.sha256 ?? null,
    queueDepth: health?.queue_depth ?? 0,
  };
  const unchanged = Object.entries(observed).every(
    ([name, value]) => service[/** @type {keyof Service} */ (name)] === value,
  );
  return unchanged ? service : { ...observed, retryInS: service.retryInS };
}

/** @param {Service} service */
export function describeService(service) {
  if (!isBusy(service)) return translate(`service.${service.status}`);
  return service.queueDepth > LONGEST_FREE_QUEUE
    ? translate('service.busy.waiting', { count: service.queueDepth })
    : translate('service.busy.rejected');
}

/** @param {Service} service */
export function isReady(service) {
  return service.status === 'ready';
}

/**
 * Ready, but with requests of others in its queue.
 * @param {Service} service
 */
export function isBusy(service) {
  return isReady(service) && (service.retryInS !== null || service.queueDepth > LONGEST_FREE_QUEUE);
}

/** @param {Service} service */
export function takesStudies(service) {
  return isReady(service) && service.retryInS === null;
}

/** @param {Service} service */
export function isBroken(service) {
  return service.status === 'unreachable' || service.status === 'failed';
}

/**
 * The pause before the next request: short while people wait for the service, long while it is ready.
 * @param {Service} service
 */
export function getPauseMs(service) {
  if (!isReady(service)) return PAUSE_NOT_READY_MS;
  return isBusy(service) ? PAUSE_BUSY_MS : PAUSE_READY_MS;
}
