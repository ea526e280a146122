import { describeClass } from '../../answer/decision.js';
import { describePlace } from '../../answer/study-facts.js';
import { formatPercentage } from '../../i18n/percentage.js';
import { translate } from '../../i18n/translate.js';
import { hasFiles } from '../../state/study.js';

/** @typedef {import('../../state/session.js').Study} Study */
/** @typedef {import('../../state/volumes.js').Volume} Volume */

/**
 * Why there is no image.
 * @param {Study} study
 * @param {Volume | null} volume
 */
export function describeMissing(study, volume) {
  const { phase, files } = study;
  if (volume !== null) return '';
  // An example can be fetched again, but its image is gone too.
  if (!hasFiles(study) || (phase === 'done' && files === null)) return translate('slice.notKept');
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
 * @param {import('../preview/describe-input.js').Seen} input
 * @param {number} index
 */
export function describeSeen(input, index) {
  return describePlace({ ...input, view: { ...input.view, slice_index: index } });
}

/**
 * What the model says of one slice of a volume.
 * @param {import('../../api/client.js').PredictionAnswer} prediction
 * @param {number} index
 */
export function describeFigures({ input, slices }, index) {
  if (input.slice_count < 2) return '';
  const { probabilities } = slices.find((slice) => slice.index === index) ?? {};
  if (probabilities === undefined) return translate('slice.notJudged');
  if (probabilities === null) return translate('slice.outOfScope');
  const [[name, share] = ['', 0]] = Object.entries(probabilities).sort(([, a], [, b]) => b - a);
  return `${describeClass(name)} ${formatPercentage(share)}`;
}

/**
 * Writes only what has changed, since screen readers announce what is written.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
