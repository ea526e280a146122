import { parseJsonObject, readFailure, ServiceFailure } from './failure.js';
import { createRequestId } from './request-id.js';

/** @typedef {import('./schema.d.ts').components['schemas']['PredictionAnswer']} PredictionAnswer */
/** @typedef {import('./schema.d.ts').components['schemas']['Health']} Health */

/**
 * The part of the manifest that the page shows; the service validates it when it loads the model.
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {string} architecture
 * @property {string[]} class_names
 * @property {{ size: number }} input
 * @property {string} intended_use
 * @property {string[]} limits
 * @property {string} license
 * @property {{ name: string, license: string, used_for: string }[]} data
 * @property {Record<string, unknown>} training
 * @property {Record<string, unknown>} metrics
 * @property {{ operating_points: Record<string, unknown>, figures: Record<string, unknown> } | null} trust
 */

/** @typedef {{ sha256: string, manifest: Manifest }} ModelAnswer */

const HEALTH_TIMEOUT_MS = 5000;
// The service says nothing while a study waits for its turn, or its network reads many slices.
const SILENCE_MS = 20_000;
const MOST_UNANSWERED = 2;
// Longer than the service lets a request take (300 s) and than any gateway waits for it: one that restarted meanwhile
// answers for its health, but knows nothing of the request.
const LONGEST_SILENCE_MS = 360_000;

/** @typedef {{ prediction: PredictionAnswer, requestId: string }} Answer */
/** @typedef {{ files: File[], series: string | null }} Sent files of one study, and the UID of the series to read */

/**
 * @typedef {object} ProgressListener
 * @property {(fraction: number) => void} onUploaded 1 when all is sent
 * @property {(done: number, total: number) => void} onRead slices
 */

/**
 * Sends the files of one study; by XMLHttpRequest, because `fetch` does not report upload progress.
 * @param {AbortSignal} signal
 * @param {Sent} sent
 * @param {ProgressListener} progress
 * @returns {Promise<Answer>}
 */
export async function predict(signal, { files, series }, progress) {
  const requestId = createRequestId();
  const request = await sendFiles(signal, { files, series }, requestId, progress);
  const line = request.responseText.trimEnd().split('\n').at(-1) ?? '';
  const answer = parseJsonObject(line);
  if (request.status === 200 && typeof answer?.decision === 'string') {
    const { event: _, ...prediction } = answer;
    return {
      prediction: /** @type {PredictionAnswer} */ (/** @type {unknown} */ (prediction)),
      requestId: request.getResponseHeader('X-Request-Id') ?? requestId,
    };
  }
  // What breaks off after the first progress was lost with the service.
  if (request.status === 200 && (answer === null || answer.event === 'progress')) {
    const isBegun = request.responseText.startsWith('{"event":"progress"');
    if (isBegun) throw new ServiceFailure({ code: 'unreachable', requestId });
  }
  // A failure after the first progress line carries its status in its own line.
  const status = typeof answer?.status === 'number' ? answer.status : request.status;
  throw readFailure(status, (name) => request.getResponseHeader(name), line, requestId);
}

/**
 * @param {AbortSignal} signal
 * @param {Sent} sent
 * @param {string} requestId
 * @param {ProgressListener} progress
 * @returns {Promise<XMLHttpRequest>}
 */
function sendFiles(signal, { files, series }, requestId, progress) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener('abort', abort, { once: true });
    const silence = watchSilence(signal, () => {
      reject(new ServiceFailure({ code: 'unreachable', requestId }));
      request.abort();
    });
    request.upload.onprogress = (event) => {
      silence.end();
      if (event.lengthComputable) progress.onUploaded(event.loaded / event.total);
    };
    request.upload.onload = () => progress.onUploaded(1);
    request.onprogress = () => {
      silence.end();
      reportLastProgress(request.responseText, progress);
    };
    request.onload = () => resolve(request);
    request.onabort = () => reject(signal.reason);
    request.onerror = () => reject(new ServiceFailure({ code: 'unreachable', requestId }));
    request.onloadend = () => {
      silence.stop();
      signal.removeEventListener('abort', abort);
    };

    const query = 'picture=shown&slices=all&explain=kinds';
    request.open('POST', `/api/predict?${query}${nameSeries(series, '&')}`);
    request.setRequestHeader('Accept', 'application/x-ndjson');
    request.setRequestHeader('X-Request-Id', requestId);
    request.send(makeForm(files));
  });
}

/**
 * Asks after the service whenever a request has been silent for long: one that has gone does not always end its
 * requests.
 * @param {AbortSignal} signal
 * @param {() => void} onLost
 */
function watchSilence(signal, onLost) {
  let unanswered = 0;
  let heardAt = Date.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer = setTimeout(ask, SILENCE_MS);

  async function ask() {
    const asked = timer;
    const health = await fetchHealth(signal).catch(() => null);
    // Heard from meanwhile, or at its end.
    if (signal.aborted || timer !== asked) return;
    unanswered = health === null ? unanswered + 1 : 0;
    const isTooLong = Date.now() - heardAt >= LONGEST_SILENCE_MS;
    if (unanswered === MOST_UNANSWERED || isTooLong) onLost();
    else wait();
  }

  function wait() {
    clearTimeout(timer);
    timer = setTimeout(ask, SILENCE_MS);
  }

  return {
    end() {
      unanswered = 0;
      heardAt = Date.now();
      wait();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

/**
 * @param {string} received lines, the last of which may not be whole
 * @param {ProgressListener} progress
 */
function reportLastProgress(received, progress) {
  const whole = received.slice(0, received.lastIndexOf('\n'));
  const last = parseJsonObject(whole.slice(whole.lastIndexOf('\n') + 1));
  if (last?.event !== 'progress') return;
  progress.onRead(Number(last.done), Number(last.total));
}

/**
 * The health of the service, which comes with a 503 while it is not ready.
 * @param {AbortSignal} signal
 * @returns {Promise<Health>}
 */
export async function fetchHealth(signal) {
  const requestId = createRequestId();
  const response = await send(
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
 * The card of the served model.
 * @param {AbortSignal} signal
 * @returns {Promise<ModelAnswer>}
 */
export async function fetchModel(signal) {
  const requestId = createRequestId();
  const response = await send(signal, '/api/model', requestId);
  const body = await response.text();
  const answer = parseJsonObject(body);
  if (response.ok && typeof answer?.sha256 === 'string' && typeof answer.manifest === 'object') {
    return /** @type {ModelAnswer} */ (/** @type {unknown} */ (answer));
  }
  throw readFailure(response.status, (name) => response.headers.get(name), body, requestId);
}

/**
 * The voxels of a study as read for its prediction, gzip-compressed.
 * @param {AbortSignal} signal
 * @param {Sent} sent
 */
export async function fetchVolume(signal, { files, series }) {
  const requestId = createRequestId();
  const response = await send(
    signal,
    `/api/volume${nameSeries(series, '?')}`,
    requestId,
    makeForm(files),
  );
  if (!response.ok) {
    const body = await response.text();
    throw readFailure(response.status, (name) => response.headers.get(name), body, requestId);
  }
  return response.arrayBuffer();
}

/**
 * A file that ships with this page.
 * @param {AbortSignal} signal
 * @param {string} url
 * @param {string} name
 */
export async function fetchExample(signal, url, name) {
  const requestId = createRequestId();
  const response = await send(signal, url, requestId);
  if (!response.ok) throw readFailure(response.status, () => null, '', requestId);
  const blob = await response.blob();
  return new File([blob], name, { type: blob.type });
}

/**
 * @param {string | null} series
 * @param {'?' | '&'} before
 */
function nameSeries(series, before) {
  return series === null ? '' : `${before}series=${encodeURIComponent(series)}`;
}

/** @param {File[]} files */
function makeForm(files) {
  const form = new FormData();
  for (const file of files) form.append('file', file);
  return form;
}

/**
 * @param {AbortSignal} signal
 * @param {string} url
 * @param {string} requestId
 * @param {FormData} [body] for a POST
 */
async function send(signal, url, requestId, body) {
  const headers = { 'X-Request-Id': requestId };
  const method = body === undefined ? 'GET' : 'POST';
  try {
    return await fetch(url, { method, body, signal, headers, cache: 'no-store' });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new ServiceFailure({ code: 'unreachable', requestId, detail: String(error) });
  }
}
