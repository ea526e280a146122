import { ServiceFailure } from '../api/failure.js';
import { isReady } from './service.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./session.js').Action} Action */
/** @typedef {import('./session.js').Study} Study */
/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

/**
 * @typedef {object} AnalysisClient
 * @property {(signal: AbortSignal, files: File[],
 *   progress: import('../api/client.js').ProgressListener) => Promise<PredictionAnswer>} predict
 * @property {(signal: AbortSignal, url: string, name: string) => Promise<File>} fetchExample
 */

const AWAY_CODES = new Set(['unreachable', 'not_ready']);

/**
 * Analyses the waiting studies one after another, while the service is ready.
 * @param {{ getState: () => Session, dispatch: (action: Action) => void,
 *           subscribe: (listener: (session: Session) => void) => void }} store
 * @param {AnalysisClient} client
 * @param {() => void} onServiceAway the service takes no study now
 */
export function createAnalysisQueue(store, client, onServiceAway) {
  /** @type {{ id: number, controller: AbortController } | null} */
  let running = null;

  function advance() {
    const { service, studies } = store.getState();
    if (running !== null || !isReady(service)) return;
    const next = studies.find((study) => study.phase === 'waiting');
    if (next !== undefined) analyse(next);
  }

  /** @param {Study} study */
  async function analyse(study) {
    const controller = new AbortController();
    running = { id: study.id, controller };
    store.dispatch({ type: 'studyStarted', id: study.id });
    try {
      const prediction = await requestPrediction(controller.signal, study);
      store.dispatch({ type: 'predictionReceived', id: study.id, prediction });
    } catch (error) {
      if (!controller.signal.aborted) reportFailure(study.id, error);
    } finally {
      running = null;
    }
    advance();
  }

  /**
   * @param {AbortSignal} signal
   * @param {Study} study
   */
  async function requestPrediction(signal, study) {
    const { id } = study;
    let { files } = study;
    if (files === null) {
      const file = await client.fetchExample(signal, study.exampleUrl ?? '', study.name);
      store.dispatch({ type: 'exampleFetched', id, file });
      files = [file];
    }
    return client.predict(signal, files, {
      onUploaded: (fraction) => store.dispatch({ type: 'uploadProgressed', id, fraction }),
      onRead: (done, total) => store.dispatch({ type: 'readingProgressed', id, done, total }),
    });
  }

  /**
   * @param {number} id
   * @param {unknown} error
   */
  function reportFailure(id, error) {
    const failure =
      error instanceof ServiceFailure
        ? error
        : new ServiceFailure({ code: 'unreadable_answer', detail: String(error) });
    store.dispatch({ type: 'studyFailed', id, failure });
    // The other studies wait for the service instead of failing one after another.
    if (AWAY_CODES.has(failure.code)) onServiceAway();
  }

  store.subscribe(advance);
  return {
    /** @param {number} id */
    cancel(id) {
      if (running?.id === id) running.controller.abort();
      store.dispatch({ type: 'studyCancelled', id });
    },
  };
}
