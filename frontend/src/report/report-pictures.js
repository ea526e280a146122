import { findHeatColor } from '../answer/class-colors.js';
import { describeClass } from '../answer/decision.js';
import { translate } from '../i18n/translate.js';
import { findHeatmap, findKind } from '../reading/heatmaps.js';
import { colorHeatmap } from '../reading/pixels/heatmap-canvas.js';
import { decodeBase64Png } from '../reading/pixels/slice-canvas.js';
import { describeMissing } from '../reading/viewer/slice-status.js';
import { createElement } from '../shell/element.js';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {import('../state/session.js').Wording} Wording */
/** @typedef {import('../state/study.js').Study} Study */

const OVERLAY_OPACITY = 0.45;

/**
 * The slice of the answer without and with its heat map, side by side, at the slice's own resolution.
 * @param {Study} study
 * @param {PredictionAnswer} prediction
 * @param {Wording} wording
 * @returns {Promise<HTMLElement[]>} a sentence where there is no picture
 */
export async function drawReportPictures(study, prediction, wording) {
  const { input } = prediction;
  const slice =
    input.view.picture_png === null ? null : await decodeBase64Png(input.view.picture_png);
  if (slice === null) {
    return [createElement('p', { textContent: describeMissing(study, null) })];
  }
  const kind = findKind(prediction, input.view.slice_index);
  // Even a map of weak evidence has a brightest place, of which the sentences beside it say nothing.
  const isShown = prediction.decision !== 'no_tumor';
  const map = isShown ? findHeatmap(prediction, input.view.slice_index, kind) : null;
  const heatmap = map === null ? null : await decodeBase64Png(map);
  const figures = [createFigure(slice, null, translate('report.picture'))];
  if (heatmap !== null) {
    const layer = colorHeatmap(heatmap, input.view.turning, findHeatColor(prediction, kind));
    const words = translate(wording === 'staff' ? 'report.overlay' : 'heatmap.patient', {
      kind: describeClass(kind),
    });
    figures.push(createFigure(slice, layer, words));
    heatmap.close();
  }
  slice.close();
  return figures;
}

/**
 * @param {ImageBitmap} slice
 * @param {OffscreenCanvas | null} layer of the same place, at any resolution
 * @param {string} words
 */
function createFigure(slice, layer, words) {
  const canvas = createElement('canvas', { width: slice.width, height: slice.height });
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', words);
  const context = canvas.getContext('2d');
  context?.drawImage(slice, 0, 0);
  if (context && layer !== null) {
    context.globalAlpha = OVERLAY_OPACITY;
    context.drawImage(layer, 0, 0, slice.width, slice.height);
  }
  return createElement('figure', {}, [canvas, createElement('figcaption', { textContent: words })]);
}
