import { DE } from '../../../frontend/src/i18n/de.js';
import { EN } from '../../../frontend/src/i18n/en.js';

const SEVENTH_GRADE = 7;

/** @param {Record<string, string>} messages */
function listPatientMessages(messages) {
  return Object.entries(messages).filter(([key]) => /^patient\.|\.patient$/.test(key));
}

/** @param {string} text */
function countText(text) {
  const words = text.replace(/\{\w+\}/g, '5').match(/[\p{L}\d]+(?:[’-][\p{L}\d]+)*/gu) ?? [];
  const syllables = words.map((word) => word.match(/[aeiouyäöü]+/giu)?.length ?? 1);
  return {
    wordsPerSentence: words.length / (text.match(/[.!?]/g)?.length ?? 1),
    syllablesPerWord: syllables.reduce((sum, count) => sum + count, 0) / words.length,
    longShare: syllables.filter((count) => count >= 3).length / words.length,
  };
}

test.each(listPatientMessages(EN))('a patient of twelve can read the English %s', (_key, text) => {
  const { wordsPerSentence, syllablesPerWord } = countText(text);
  // Flesch-Kincaid grade.
  expect(0.39 * wordsPerSentence + 11.8 * syllablesPerWord - 15.59).toBeLessThan(SEVENTH_GRADE);
});

test.each(listPatientMessages(DE))('a patient of twelve can read the German %s', (_key, text) => {
  const { wordsPerSentence, longShare } = countText(text);
  // Fourth Vienna formula (Wiener Sachtextformel).
  expect(0.2656 * wordsPerSentence + 27.44 * longShare - 1.693).toBeLessThan(SEVENTH_GRADE);
});
