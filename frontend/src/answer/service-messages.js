import { joinWords } from '../i18n/format.js';
import { formatShare } from '../i18n/percentage.js';
import { inEnglish, inPageLanguage } from '../i18n/sentence.js';
import { isMessageKey, listValues, translate } from '../i18n/translate.js';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {PredictionAnswer['reasons'][number]} Reason */
/** @typedef {PredictionAnswer['input']['warnings'][number]} Warning */
/** @typedef {import('../i18n/sentence.js').Sentence} Sentence */
/** @typedef {import('../state/session.js').Wording} Wording */

/**
 * Why the decision is what it is. A service older than this page sends no parameters.
 * @param {Reason} reason
 * @param {Wording} wording
 * @returns {Sentence}
 */
export function describeReason({ code, message, patient_message, params = {} }, wording) {
  const original = wording === 'staff' ? message : patient_message;
  return sayByCode(`reason.${code}.${wording}`, params, original);
}

/**
 * What a reader should know about the scan.
 * @param {Warning} warning
 * @returns {Sentence}
 */
export function describeWarning({ code, message, params = {} }) {
  return sayByCode(`warning.${code}`, params, message);
}

/** @param {string} name a sequence as the service names it */
export function describeSequence(name) {
  return wordFor(`sequence.${name}`, name);
}

/**
 * In the page's words where it knows the name.
 * @param {string} key
 * @param {string} name as the service names it
 */
function wordFor(key, name) {
  return isMessageKey(key) ? translate(key) : name;
}

/**
 * In the page's words; in the service's where the page does not know the code, or a value of its sentence is missing.
 * @param {string} key
 * @param {Warning['params']} params
 * @param {string} original
 * @returns {Sentence}
 */
function sayByCode(key, params, original) {
  if (!isMessageKey(key)) return inEnglish(original);
  const names = listValues(key);
  if (names.some((name) => !Object.hasOwn(params, name))) return inEnglish(original);
  const values = names.map((name) => [name, describeParam(name, params[name] ?? '')]);
  return inPageLanguage(translate(key, Object.fromEntries(values)));
}

/**
 * @param {string} name
 * @param {string | number} value
 */
function describeParam(name, value) {
  if (name === 'share') return formatShare(Number(value));
  if (name === 'sequence') return describeSequence(String(value));
  if (name === 'trained' || name === 'able')
    return joinWords(String(value).split(',').map(describeSequence));
  if (name === 'kinds')
    return joinWords(
      String(value)
        .split(',')
        .map((kind) => wordFor(`kind.${kind}`, kind)),
    );
  if (name === 'kind') return wordFor(`image_kind.${value}`, String(value));
  return value;
}
