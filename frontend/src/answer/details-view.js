import { translate } from '../i18n/translate.js';
import { writeJson } from '../report/summary-text.js';
import { createElement, createFact, createSentence } from '../shell/element.js';
import { describeFileWarnings } from './study-description.js';
import { describeFacts } from './study-facts.js';
import './details-view.css';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

/**
 * The warnings and the provenance of a prediction, and the answer as JSON.
 * @param {HTMLElement} root
 */
export function createAnswerView(root) {
  /** @type {PredictionAnswer | null} */
  let shown = null;
  const warnings = createElement('ul', { className: 'warnings' });
  const facts = createElement('dl');
  const json = createElement('pre', { tabIndex: 0 });
  json.setAttribute('aria-label', translate('answer.json'));
  json.setAttribute('role', 'region');
  const section = createElement('section', { className: 'answer', hidden: true }, [
    warnings,
    facts,
    createElement('details', {}, [createElement('summary', { textContent: 'JSON' }), json]),
  ]);
  root.append(section);

  return {
    /** @param {PredictionAnswer | null} prediction */
    update(prediction) {
      if (prediction === shown) return;
      shown = prediction;
      section.hidden = prediction === null;
      if (prediction === null) return;
      warnings.replaceChildren(
        ...describeFileWarnings(prediction).map((sentence) => createSentence('li', sentence)),
      );
      facts.replaceChildren(...describeFacts(prediction).flatMap(createFact));
      json.textContent = writeJson(prediction);
    },
  };
}
