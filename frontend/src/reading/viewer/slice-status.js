import { describePlace } from '../../answer/study-facts.js';
import { translate } from '../../i18n/translate.js';

/** @typedef {import('../../state/session.js').Study} Study */
/** @typedef {import('../../state/volumes.js').Volume} Volume */

/**
 * Why there is no image.
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
 * Whether all slices are loaded.
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
 * The position of the slice that is shown.
 * @param {import('../../api/client.js').PredictionAnswer['input']} input
 * @param {number} index
 */
export function describeSeen(input, index) {
  return describePlace({ ...input, view: { ...input.view, slice_index: index } });
}

/**
 * Writes only what has changed, since screen readers announce what is written.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
