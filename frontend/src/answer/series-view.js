import { translate } from '../i18n/translate.js';
import { createElement } from '../shell/element.js';
import { describeSequence } from './service-messages.js';
import { describePlane } from './study-facts.js';
import './series-view.css';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {PredictionAnswer['input']['series'][number]} Series */
/** @typedef {import('../state/study.js').Study} Study */

/**
 * The DICOM series of a study: which one was read; a click on another has that one read.
 * @param {HTMLElement} root
 * @param {{ onSeries: (id: number, uid: string) => void }} events
 */
export function createSeriesView(root, { onSeries }) {
  /** @type {PredictionAnswer | null} */
  let shown = null;
  const list = createElement('ul');
  const section = createElement('section', { className: 'series', hidden: true }, [
    createElement('h3', { textContent: translate('series.title') }),
    list,
  ]);
  root.append(section);

  return {
    /**
     * @param {Study} study
     * @param {PredictionAnswer | null} prediction of it that is shown
     */
    update(study, prediction) {
      if (prediction === shown) return;
      shown = prediction;
      const series = prediction?.input.series ?? [];
      section.hidden = series.length < 2;
      list.replaceChildren(
        ...series.map((one) => createRow(one, study, () => onSeries(study.id, one.uid))),
      );
    },
  };
}

/**
 * @param {Series} series
 * @param {Study} study
 * @param {() => void} onclick
 */
function createRow(series, { files }, onclick) {
  const { chosen, description, slice_count } = series;
  const button = createElement('button', { type: 'button', disabled: files === null, onclick }, [
    createElement('span', {
      className: 'series-name',
      textContent: description || translate('series.unnamed'),
    }),
    createElement('span', {
      className: 'series-facts',
      textContent: [
        ...(chosen ? [translate('series.read')] : []),
        ...(series.plane === null ? [] : [describePlane(series.plane)]),
        translate(slice_count === 1 ? 'series.slice' : 'series.slices', { count: slice_count }),
        ...(series.sequence === null ? [] : [describeSequence(series.sequence)]),
      ].join(' · '),
    }),
  ]);
  button.setAttribute('aria-pressed', String(chosen));
  return createElement('li', {}, [button]);
}
