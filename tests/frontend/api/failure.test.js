import { parseRetryAfter, readFailure } from '../../../frontend/src/api/failure.js';

/** @param {Record<string, string>} headers */
const readFrom = (headers) => (/** @type {string} */ name) => headers[name] ?? null;

test('a problem of the service keeps its code, words and request id', () => {
  const body = JSON.stringify({
    type: 'about:blank',
    title: 'Unsupported Media Type',
    status: 415,
    code: 'unsupported_format',
    detail: 'No format that is read here.',
    request_id: 'from-body',
  });
  const failure = readFailure(415, readFrom({ 'X-Request-Id': 'from-header' }), body, 'sent');
  expect(failure).toMatchObject({
    code: 'unsupported_format',
    status: 415,
    title: 'Unsupported Media Type',
    detail: 'No format that is read here.',
    requestId: 'from-body',
    retryAfterS: null,
  });
});

test.each([
  [413, 'upload_too_large'],
  [429, 'rate_limited'],
  [502, 'unreachable'],
  [504, 'unreachable'],
  [500, 'unreadable_answer'],
  [200, 'unreadable_answer'],
])("a gateway's own page with status %d means %s", (status, code) => {
  const failure = readFailure(status, readFrom({}), '<html>nginx</html>', 'sent');
  expect(failure).toMatchObject({ code, requestId: 'sent', detail: '' });
});

test.each(['null', '[]', '"text"', '{"code": 7}', '{}', ''])(
  'a body that is no problem (%s) does not break the page',
  (body) => {
    expect(readFailure(400, readFrom({}), body, 'sent').code).toBe('unreadable_answer');
  },
);

test('the time to wait is read as seconds or as a date', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(parseRetryAfter('7', now)).toBe(7);
  expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now)).toBe(30);
  expect(parseRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
  expect(parseRetryAfter('soon', now)).toBeNull();
  expect(parseRetryAfter(null, now)).toBeNull();
});
