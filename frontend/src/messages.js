/** @typedef {import('./api/failure.js').ServiceFailure} ServiceFailure */
/** @typedef {{ happened: string, advice: string }} Message */

const FORMATS = 'DICOM, NIfTI, PNG, JPEG, BMP, TIFF or WebP';

/** What happened and what to do, for each stable code of the service and of this page's client. */
/** @type {Record<string, Message>} */
const MESSAGES = {
  no_file: {
    happened: 'No file arrived',
    advice: 'Choose the file again.',
  },
  mixed_study: {
    happened: 'These files do not belong together',
    advice: 'Send the files of one examination only: one series, or one case.',
  },
  missing_api_key: {
    happened: 'The service asks for a key',
    advice: 'Ask the people who run this service for access.',
  },
  wrong_api_key: {
    happened: 'The service does not accept this key',
    advice: 'Ask the people who run this service for a valid key.',
  },
  upload_too_large: {
    happened: 'This is too much to send at once',
    advice: 'Send one series, or compress the volume with gzip.',
  },
  image_too_large: {
    happened: 'This picture has too many pixels',
    advice: 'Export the slice at its own resolution, then add it again.',
  },
  upload_too_slow: {
    happened: 'The upload was too slow',
    advice: 'The connection to the service may be weak. Try again, or send fewer slices.',
  },
  too_many_files: {
    happened: 'These are too many files at once',
    advice: 'Send the folder of one series only.',
  },
  expands_too_much: {
    happened: 'This holds more than the service reads at once',
    advice: 'Send one series or one volume only.',
  },
  unsupported_format: {
    happened: 'This file is of a format that is not read here',
    advice: `Export the scan as ${FORMATS}, then add it again.`,
  },
  corrupt_file: {
    happened: 'This file is damaged',
    advice: 'It begins like a scan, but cannot be read to its end. Export it again.',
  },
  not_an_mr_image: {
    happened: 'This is not an MR image',
    advice: 'The file says that it comes from another modality. Choose a brain MRI.',
  },
  no_pixel_data: {
    happened: 'This file holds no picture',
    advice: 'Choose the file of the series that holds the image.',
  },
  missing_modality: {
    happened: 'A sequence is missing from this case',
    advice: 'Add the missing sequence, then send the case again.',
  },
  invalid_request: {
    happened: 'The service did not understand the request',
    advice: 'Reload this page: it may be older than the service.',
  },
  not_found: {
    happened: 'The service does not know this address',
    advice: 'Reload this page: it may be older than the service.',
  },
  method_not_allowed: {
    happened: 'The service does not take this request',
    advice: 'Reload this page: it may be older than the service.',
  },
  rate_limited: {
    happened: 'Too many requests in a short time',
    advice: 'Wait a moment, then try again.',
  },
  not_ready: {
    happened: 'The service is not ready yet',
    advice: 'Its model is being loaded. Try again in a moment.',
  },
  overloaded: {
    happened: 'The service is busy',
    advice: 'Others are being answered first. Try again in a moment.',
  },
  internal: {
    happened: 'The service failed on this study',
    advice: 'Tell the people who run it; the request number below finds it in their log.',
  },
  unreachable: {
    happened: 'The service cannot be reached',
    advice: 'Check the connection, then try again. The study stays here.',
  },
  unreadable_answer: {
    happened: 'The answer cannot be read',
    advice:
      'Something between this page and the service may be set up wrongly. Tell the people who run it.',
  },
};

const RETRYABLE_STATUSES = new Set([408, 429, 502, 503, 504]);

/**
 * @param {ServiceFailure} failure
 * @returns {Message}
 */
export function describeFailure(failure) {
  const known = Object.hasOwn(MESSAGES, failure.code) ? MESSAGES[failure.code] : undefined;
  return (
    known ?? {
      happened: failure.title || 'The service refused this study',
      advice: failure.detail,
    }
  );
}

/** @param {ServiceFailure} failure */
export function canRetry(failure) {
  return failure.code === 'unreachable' || RETRYABLE_STATUSES.has(failure.status);
}

/**
 * @param {ServiceFailure} failure
 * @returns {string} empty where the service names no time
 */
export function describeWait(failure) {
  if (failure.retryAfterS === null) return '';
  const unit = failure.retryAfterS === 1 ? 'second' : 'seconds';
  return `The service asks to wait ${failure.retryAfterS} ${unit}.`;
}
