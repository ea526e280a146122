import { describeClass } from '../answer/decision.js';
import { joinWords } from '../i18n/format.js';
import { translate } from '../i18n/translate.js';
import { createButton, createElement, createFact, createSentence } from '../shell/element.js';
import { createCalibrationPlot, createRocPlot } from './curves-view.js';
import { createDecisionTables } from './decision-tables.js';
import { createClassTable, createConfusionTable, createFigureTable } from './figure-tables.js';
import { translateManifestText } from './manifest-text.js';
import { createCountTable, createDataTable, createPointTable } from './tables.js';
import './model-view.css';

/** @typedef {import('./model-card.js').ModelCard} ModelCard */
/** @typedef {import('../i18n/translate.js').MessageKey} MessageKey */
/** @typedef {import('../i18n/sentence.js').Sentence} Sentence */

/**
 * The page about the served model, in place of the studies.
 * @param {HTMLElement} root
 * @param {{ onClose: () => void }} events
 */
export function createModelView(root, { onClose }) {
  const title = createElement('h2', { tabIndex: -1, textContent: translate('model.title') });
  const words = createElement('div', { className: 'model-words' });
  words.setAttribute('role', 'status');
  const content = createElement('div', { className: 'model-content' });
  const section = createElement('section', { className: 'model', hidden: true }, [
    createElement('div', { className: 'model-page' }, [
      createButton(translate('model.back'), onClose),
      title,
      words,
      content,
    ]),
  ]);
  root.append(section);

  return {
    /** @param {boolean} visible */
    show(visible) {
      section.hidden = !visible;
      root.classList.toggle('shows-model', visible);
    },

    focus() {
      title.focus();
    },

    /** @param {Sentence[]} sentences where there is no card, why */
    showMessage(sentences) {
      words.replaceChildren(...sentences.map((sentence) => createSentence('p', sentence)));
      content.replaceChildren();
    },

    /** @param {ModelCard} card */
    showCard(card) {
      words.replaceChildren();
      content.replaceChildren(...createParts(card));
    },
  };
}

/**
 * The parts of the page; one without content is left out.
 * @param {ModelCard} card
 * @returns {HTMLElement[]}
 */
function createParts(card) {
  return [
    ...createPart('model.decisionsTitle', createDecisions(card), 'model.decisionsNote'),
    ...createPart('model.isTitle', [createParagraph(describeModel(card))]),
    ...createPart('model.isNotTitle', [createParagraph(translate('model.isNot'))]),
    ...createPart('model.useTitle', [createSentence('p', translateManifestText(card.intendedUse))]),
    ...createPart('model.limitsTitle', createLimits(card)),
    ...createPart('model.figuresTitle', createFigureTable(card), 'model.figuresNote'),
    ...createPart('model.classesTitle', createClassTable(card), 'model.classesNote'),
    ...createPart('model.confusionTitle', createConfusionTable(card), 'model.confusionNote'),
    ...createPart('model.rocTitle', createRocPlot(card), 'model.rocNote'),
    ...createPart('model.calibrationTitle', createCalibrationPlot(card), 'model.calibrationNote'),
    ...createPart('model.pointsTitle', createPointTable(card), 'model.pointsNote'),
    ...createPart('model.dataTitle', [
      ...describePatients(card),
      ...createCountTable(card),
      ...createDataTable(card),
    ]),
    ...createPart('model.identityTitle', createIdentity(card)),
  ];
}

/**
 * @param {MessageKey} title
 * @param {HTMLElement[]} children
 * @param {MessageKey} [note]
 */
function createPart(title, children, note) {
  if (children.length === 0) return [];
  return [
    createElement('section', { className: 'model-part' }, [
      createElement('h3', { textContent: translate(title) }),
      ...(note === undefined ? [] : [createParagraph(translate(note))]),
      ...children,
    ]),
  ];
}

/** @param {ModelCard} card */
function createDecisions(card) {
  const tables = createDecisionTables(card);
  return tables.length === 0 ? [] : [createParagraph(translate('model.decisionsRight')), ...tables];
}

/** @param {string} textContent */
function createParagraph(textContent) {
  return createElement('p', { textContent });
}

/** @param {ModelCard} card */
function describeModel({ architecture, size, classNames }) {
  return translate('model.is', {
    architecture: architecture.toUpperCase(),
    size,
    classes: joinWords(classNames.map(describeClass)),
  });
}

/** @param {ModelCard} card */
function createLimits({ limits }) {
  const items = limits.map((limit) => createSentence('li', translateManifestText(limit)));
  return items.length === 0 ? [] : [createElement('ul', { className: 'model-limits' }, items)];
}

/** @param {ModelCard} card */
function describePatients({ trainingPatients, heldOutPatients }) {
  if (trainingPatients === null || heldOutPatients === null) return [];
  const counts = { training: trainingPatients, heldOut: heldOutPatients };
  return [createParagraph(translate('model.dataPatients', counts))];
}

/** @param {ModelCard} card */
function createIdentity({ name, version, license, sha256 }) {
  /** @type {[MessageKey, string][]} */
  const facts = [
    ['model.name', name],
    ['model.version', version],
    ['model.license', license],
    ['model.checksum', sha256],
  ];
  const rows = facts.flatMap(([term, value]) => createFact([translate(term), value]));
  return [createElement('dl', {}, rows)];
}
