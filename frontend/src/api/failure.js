/**
 * Why a request got no usable answer: one type for a problem of the service, an error page of a gateway
 * in front of it, and no answer at all.
 */
export class ServiceFailure extends Error {
  /**
   * @param {{ code: string, status?: number, title?: string, detail?: string,
   *           requestId?: string, retryAfterS?: number | null }} description
   */
  constructor({ code, status = 0, title = '', detail = '', requestId = '', retryAfterS = null }) {
    super(detail || title || code);
    this.name = 'ServiceFailure';
    this.code = code;
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.requestId = requestId;
    this.retryAfterS = retryAfterS;
  }
}

/** What a gateway's error status means; its page is about the gateway, not about the study. */
/** @type {Record<number, string>} */
const GATEWAY_CODES = {
  413: 'upload_too_large',
  429: 'rate_limited',
  502: 'unreachable',
  503: 'unreachable',
  504: 'unreachable',
};

/**
 * @param {string | null} header seconds or an HTTP date (RFC 9110, 10.2.3)
 * @param {number} nowMs
 */
export function parseRetryAfter(header, nowMs) {
  if (header === null || header.trim() === '') return null;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? null : Math.max(0, Math.ceil((dateMs - nowMs) / 1000));
}

/**
 * @param {string} body
 * @returns {Record<string, unknown> | null} null where it is not a JSON object
 */
export function parseJsonObject(body) {
  try {
    const value = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** @param {unknown} value */
function textOrEmpty(value) {
  return typeof value === 'string' ? value : '';
}

/**
 * The failure in an answer that is not a success.
 * @param {number} status
 * @param {(name: string) => string | null} readHeader
 * @param {string} body
 * @param {string} sentRequestId
 */
export function readFailure(status, readHeader, body, sentRequestId) {
  const requestId = readHeader('X-Request-Id') ?? sentRequestId;
  const retryAfterS = parseRetryAfter(readHeader('Retry-After'), Date.now());
  const problem = parseJsonObject(body);
  if (problem === null || typeof problem.code !== 'string') {
    const code = GATEWAY_CODES[status] ?? 'unreadable_answer';
    return new ServiceFailure({ code, status, requestId, retryAfterS });
  }
  return new ServiceFailure({
    code: problem.code,
    status,
    title: textOrEmpty(problem.title),
    detail: textOrEmpty(problem.detail),
    requestId: textOrEmpty(problem.request_id) || requestId,
    retryAfterS,
  });
}
