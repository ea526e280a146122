import { readModelCard } from './model-card.js';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

/**
 * How the model behind an answer has answered when it was measured, asked for when it is first needed.
 * @param {(signal: AbortSignal) => Promise<import('../api/client.js').ModelAnswer>} fetchModel
 * @param {AbortSignal} signal ends it
 * @param {() => void} onLoaded
 */
export function createMeasured(fetchModel, signal, onLoaded) {
  /** The answer that was the last one to ask. */
  let asking = '';
  /** @type {import('./model-card.js').ModelCard | null} */
  let card = null;

  /** @param {PredictionAnswer} prediction */
  async function load({ id }) {
    asking = id;
    try {
      card = readModelCard(await fetchModel(signal));
      if (!signal.aborted) onLoaded();
    } catch {
      // The next answer asks again.
    }
  }

  return {
    /**
     * @param {PredictionAnswer} prediction
     * @returns null until they are loaded, and where another model is served by now
     */
    get(prediction) {
      if (card?.sha256 === prediction.model.sha256) return card.decisions;
      if (asking !== prediction.id) load(prediction);
      return null;
    },
  };
}
