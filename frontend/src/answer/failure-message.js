import { inEnglish, inPageLanguage } from '../i18n/sentence.js';
import { isMessageKey, translate } from '../i18n/translate.js';

/** @typedef {import('../api/failure.js').ServiceFailure} ServiceFailure */
/** @typedef {import('../i18n/sentence.js').Sentence} Sentence */
/** @typedef {{ happened: string, advice: Sentence }} Message */

const RETRYABLE_STATUSES = new Set([408, 429, 502, 503, 504]);

/**
 * What happened and what to do; for a code that the page does not know, in the words of the service.
 * @param {ServiceFailure} failure
 * @returns {Message}
 */
export function describeFailure({ code, title, detail }) {
  const happened = `failure.${code}.happened`;
  const advice = `failure.${code}.advice`;
  if (isMessageKey(happened) && isMessageKey(advice)) {
    return { happened: translate(happened), advice: inPageLanguage(translate(advice)) };
  }
  const said = [title, detail].filter((part) => part !== '').join(': ');
  return { happened: translate('failure.unknown.happened'), advice: inEnglish(said) };
}

/** @param {ServiceFailure} failure */
export function canRetry(failure) {
  return failure.code === 'unreachable' || RETRYABLE_STATUSES.has(failure.status);
}

/**
 * @param {ServiceFailure} failure
 * @returns {string} empty where the service names no time
 */
export function describeWait({ retryAfterS }) {
  if (retryAfterS === null) return '';
  return retryAfterS === 1
    ? translate('failure.wait.one')
    : translate('failure.wait.other', { count: retryAfterS });
}
