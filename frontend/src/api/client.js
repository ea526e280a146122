import { parseJsonObject, readFailure, ServiceFailure } from './failure.js';
import { createRequestId } from './request-id.js';

/** @typedef {import('./schema.d.ts').components['schemas']['PredictionAnswer']} PredictionAnswer */
/** @typedef {import('./schema.d.ts').components['schemas']['Health']} Health */

const HEALTH_TIMEOUT_MS = 5000;

/**
 * Sends one picture; an XMLHttpRequest, because `fetch` does not tell how much is uploaded.
 * @param {AbortSignal} signal
 * @param {File} file
 * @param {(fraction: number) => void} onUploadProgress 1 when all is sent
 * @returns {Promise<PredictionAnswer>}
 */
export async function predict(signal, file, onUploadProgress) {
  const requestId = createRequestId();
  const request = await sendFile(signal, file, requestId, onUploadProgress);
  const answer = parseJsonObject(request.responseText);
  if (request.status === 200 && typeof answer?.decision === 'string') {
    return /** @type {PredictionAnswer} */ (/** @type {unknown} */ (answer));
  }
  throw readFailure(
    request.status,
    (name) => request.getResponseHeader(name),
    request.responseText,
    requestId,
  );
}

/**
 * @param {AbortSignal} signal
 * @param {File} file
 * @param {string} requestId
 * @param {(fraction: number) => void} onUploadProgress
 * @returns {Promise<XMLHttpRequest>}
 */
function sendFile(signal, file, requestId, onUploadProgress) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener('abort', abort, { once: true });
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onUploadProgress(event.loaded / event.total);
    };
    request.upload.onload = () => onUploadProgress(1);
    request.onload = () => resolve(request);
    request.onabort = () => reject(signal.reason);
    request.onerror = () => reject(new ServiceFailure({ code: 'unreachable', requestId }));
    request.onloadend = () => signal.removeEventListener('abort', abort);

    const form = new FormData();
    form.append('file', file);
    request.open('POST', '/api/predict');
    request.setRequestHeader('X-Request-Id', requestId);
    request.send(form);
  });
}

/**
 * The service's own account of itself, which it also gives with a 503 while it is not ready.
 * @param {AbortSignal} signal
 * @returns {Promise<Health>}
 */
export async function fetchHealth(signal) {
  const requestId = createRequestId();
  const response = await get(
    AbortSignal.any([signal, AbortSignal.timeout(HEALTH_TIMEOUT_MS)]),
    '/api/health',
    requestId,
  );
  const health = parseJsonObject(await response.text());
  if (typeof health?.status === 'string') {
    return /** @type {Health} */ (/** @type {unknown} */ (health));
  }
  throw new ServiceFailure({ code: 'unreachable', status: response.status, requestId });
}

/**
 * A file that ships with this page.
 * @param {AbortSignal} signal
 * @param {string} url
 * @param {string} name
 */
export async function fetchExample(signal, url, name) {
  const requestId = createRequestId();
  const response = await get(signal, url, requestId);
  if (!response.ok) throw readFailure(response.status, () => null, '', requestId);
  const blob = await response.blob();
  return new File([blob], name, { type: blob.type });
}

/**
 * @param {AbortSignal} signal
 * @param {string} url
 * @param {string} requestId
 */
async function get(signal, url, requestId) {
  try {
    return await fetch(url, { signal, headers: { 'X-Request-Id': requestId }, cache: 'no-store' });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new ServiceFailure({ code: 'unreachable', requestId, detail: String(error) });
  }
}
