import { describePlace } from '../../answer/study-facts.js';
import { translate } from '../../i18n/translate.js';

/** @typedef {import('../../state/session.js').Study} Study */
/** @typedef {import('../../state/volumes.js').Volume} Volume */

/**
 * Why there is no picture.
 * @param {Study} study
 * @param {Volume | null} volume
 */
export function describeMissing({ phase }, volume) {
  if (volume !== null) return '';
  if (phase === 'done') return translate('slice.notSent');
  return translate(
    phase === 'failed' || phase === 'cancelled' ? 'slice.cannotShow' : 'slice.notRead',
  );
}

/**
 * Whether all can be looked at.
 * @param {Volume | null} volume
 * @param {number} sliceCount
 */
export function describeVolume(volume, sliceCount) {
  if (volume?.state === 'loading') {
    return translate(sliceCount > 1 ? 'viewer.loading' : 'viewer.loadingOne');
  }
  return volume?.state === 'failed' ? translate('viewer.notLoaded') : '';
}

/**
 * Where the slice lies that is seen.
 * @param {import('../../api/client.js').PredictionAnswer['input']} input
 * @param {number} index
 */
export function describeSeen(input, index) {
  return describePlace({ ...input, view: { ...input.view, slice_index: index } });
}

/**
 * Writes what has changed only: what is written is announced.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
