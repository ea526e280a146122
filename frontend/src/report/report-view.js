import { createProbabilityBars } from '../answer/probability-bars.js';
import { describeFileWarnings, describeStudy } from '../answer/study-description.js';
import { describePlace } from '../answer/study-facts.js';
import { translate } from '../i18n/translate.js';
import { createSliceCurve } from '../reading/curve/slice-curve.js';
import { createButton, createElement, createFact, createSentence } from '../shell/element.js';
import { describePredictionSet, listReportFacts } from './report-facts.js';
import { createReportFields } from './report-fields.js';
import { drawReportPictures } from './report-pictures.js';
import './report-view.css';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {import('../state/study.js').Study} Study */
/** @typedef {import('../state/service.js').Service} Service */
/** @typedef {import('../state/session.js').Wording} Wording */

// Facts are printed in two columns to fit on one sheet; a longer one gets a line of its own.
const LONGEST_HALF_LINE = 36;

/**
 * A prediction on one sheet of paper, light in every theme, to be printed or saved as PDF by the browser. What is typed
 * on it is dropped when it is closed, but survives a rebuild of the page around an open report.
 * @param {HTMLElement} root
 * @param {import('./report-fields.js').Typed} typed
 * @param {{ onClose: () => void }} events
 */
export function createReportView(root, typed, { onClose }) {
  /** @type {Study | null} */
  let shown = null;
  /** @type {HTMLElement | null} */
  let open = null;

  return {
    /**
     * @param {Study | null} study null for no report
     * @param {Service} service
     * @param {Wording} wording
     */
    update(study, service, wording) {
      if (study === shown) return;
      if (shown !== null) typed.clear();
      shown = study;
      open?.remove();
      open = null;
      if (study === null || study.prediction === null) return;
      const heading = createElement('h2', {
        tabIndex: -1,
        textContent: translate('report.of', { study: study.name }),
      });
      const { headline, sentences } = describeStudy(study, service, wording);
      open = createElement('section', { className: 'report' }, [
        createTools(onClose),
        createElement('article', { className: 'report-sheet' }, [
          createHead(heading),
          createReportFields(typed),
          createElement('section', {}, [
            createElement('p', { className: 'report-headline', textContent: headline }),
            createElement(
              'div',
              { className: 'report-sentences' },
              sentences.map((sentence) => createSentence('p', sentence)),
            ),
          ]),
          ...createPictures(study, study.prediction, wording),
          // Figures and technical terms are for staff.
          ...(wording === 'staff' ? createDetails(study.prediction) : []),
          createOrigin(study, study.prediction, wording),
        ]),
      ]);
      open.setAttribute('aria-label', translate('report.title'));
      root.append(open);
      heading.focus();
    },
  };
}

/** @param {() => void} onClose */
function createTools(onClose) {
  return createElement('div', { className: 'report-tools' }, [
    createButton(translate('report.print'), () => window.print(), { className: 'main-action' }),
    createButton(translate('report.close'), onClose),
  ]);
}

/** @param {HTMLElement} heading */
function createHead(heading) {
  return createElement('header', { className: 'report-head' }, [
    heading,
    createElement('p', { textContent: 'Tumorscope' }),
    createElement('p', { className: 'report-notice', textContent: translate('page.notice') }),
  ]);
}

/**
 * @param {Study} study
 * @param {PredictionAnswer} prediction
 * @param {Wording} wording
 */
function createPictures(study, prediction, wording) {
  const pictures = createElement('div', { className: 'report-pictures' });
  drawReportPictures(study, prediction, wording).then((drawn) => pictures.append(...drawn));
  const place = describePlace(prediction.input);
  if (place === '') return [pictures];
  return [pictures, createElement('p', { className: 'report-place', textContent: place })];
}

/** @param {PredictionAnswer} prediction */
function createDetails(prediction) {
  return [
    ...createCurve(prediction),
    createElement('div', { className: 'report-columns' }, [
      createFigures(prediction),
      ...createWarnings(prediction),
    ]),
  ];
}

/**
 * The probabilities along the slices; none of a single image.
 * @param {PredictionAnswer} prediction
 */
function createCurve(prediction) {
  if (prediction.input.slice_count < 2) return [];
  const place = createElement('div', { className: 'report-curve' });
  createSliceCurve(place, { onSlice: () => {} }).update(prediction);
  return [place];
}

/** @param {PredictionAnswer} prediction */
function createFigures(prediction) {
  const figures = createElement('div', { className: 'report-figures' });
  createProbabilityBars(figures).update(prediction);
  const predictionSet = describePredictionSet(prediction);
  if (predictionSet !== '') figures.append(createElement('p', { textContent: predictionSet }));
  return figures;
}

/** @param {PredictionAnswer} prediction */
function createWarnings(prediction) {
  const warnings = describeFileWarnings(prediction);
  if (warnings.length === 0) return [];
  return [
    createElement('section', {}, [
      createElement('h3', { textContent: translate('report.warnings') }),
      createElement(
        'ul',
        {},
        warnings.map((sentence) => createSentence('li', sentence)),
      ),
    ]),
  ];
}

/**
 * @param {Study} study
 * @param {PredictionAnswer} prediction
 * @param {Wording} wording
 */
function createOrigin(study, prediction, wording) {
  const facts = listReportFacts(study, prediction, wording).map((fact) => {
    const className = fact[1].length > LONGEST_HALF_LINE ? 'report-long' : '';
    return createElement('div', { className }, createFact(fact));
  });
  return createElement('section', { className: 'report-origin' }, [
    createElement('h3', { textContent: translate('report.origin') }),
    createElement('dl', {}, facts),
  ]);
}
