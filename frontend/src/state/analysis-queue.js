import { ServiceFailure } from '../api/failure.js';
import { takesStudies } from './service.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./session.js').Action} Action */
/** @typedef {import('./session.js').Study} Study */
/** @typedef {import('../api/client.js').Answer} Answer */

/**
 * @typedef {object} AnalysisClient
 * @property {(signal: AbortSignal, sent: import('../api/client.js').Sent,
 *   progress: import('../api/client.js').ProgressListener) => Promise<Answer>} predict
 * @property {(signal: AbortSignal, url: string, name: string) => Promise<File>} fetchExample
 */

// The service has not started on the study, which can be sent again.
const NOT_BEGUN_CODES = new Set(['overloaded', 'rate_limited', 'not_ready']);
const AWAY_CODES = new Set(['unreachable', 'not_ready']);

const SHORTEST_WAIT_S = 1;
const USUAL_WAIT_S = 5;

/**
 * Analyses the waiting studies one after another, while the service is ready. A study that it is too busy for, or that
 * is lost with it, waits and is sent again.
 * @param {{ getState: () => Session, dispatch: (action: Action) => void,
 *           subscribe: (listener: (session: Session) => void) => void }} store
 * @param {AnalysisClient} client
 * @param {{ onServiceAway: () => void, onOtherModel: () => void }} events the service takes no study now; it answered with
 *   another model than was known
 */
export function createAnalysisQueue(store, client, { onServiceAway, onOtherModel }) {
  /** @type {{ id: number, controller: AbortController } | null} */
  let running = null;

  function advance() {
    const { service, studies } = store.getState();
    if (running !== null || !takesStudies(service)) return;
    const next = studies.find((study) => study.phase === 'waiting');
    if (next !== undefined) analyse(next);
  }

  /** @param {Study} study */
  async function analyse(study) {
    const controller = new AbortController();
    running = { id: study.id, controller };
    store.dispatch({ type: 'studyStarted', id: study.id });
    try {
      const answer = await requestPrediction(controller.signal, study);
      store.dispatch({
        type: 'predictionReceived',
        id: study.id,
        ...answer,
        answeredAt: Date.now(),
      });
      const { modelSha256 } = store.getState().service;
      if (answer.prediction.model.sha256 !== modelSha256) onOtherModel();
    } catch (error) {
      if (!controller.signal.aborted) handleFailure(study, error);
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
    return client.predict(
      signal,
      { files, series: study.series },
      {
        onUploaded: (fraction) => store.dispatch({ type: 'uploadProgressed', id, fraction }),
        onRead: (done, total) => store.dispatch({ type: 'readingProgressed', id, done, total }),
      },
    );
  }

  /**
   * @param {Study} study as it was when it was sent
   * @param {unknown} error
   */
  function handleFailure({ id, interrupted }, error) {
    const failure =
      error instanceof ServiceFailure
        ? error
        : new ServiceFailure({ code: 'unreadable_answer', detail: String(error) });
    if (NOT_BEGUN_CODES.has(failure.code)) {
      countDown(Date.now() + 1000 * Math.max(SHORTEST_WAIT_S, failure.retryAfterS ?? USUAL_WAIT_S));
      store.dispatch({ type: 'studyPostponed', id, interrupted: false });
    } else if (failure.code === 'unreachable' && !interrupted) {
      store.dispatch({ type: 'studyPostponed', id, interrupted: true });
    } else {
      // A study that is lost with the service twice may be the cause, and must not hold up the others.
      store.dispatch({ type: 'studyFailed', id, failure });
    }
    if (AWAY_CODES.has(failure.code)) onServiceAway();
  }

  /** @param {number} endMs when the service may be asked again */
  function countDown(endMs) {
    const leftS = Math.ceil((endMs - Date.now()) / 1000);
    store.dispatch({ type: 'serviceBusy', leftS: leftS > 0 ? leftS : null });
    if (leftS > 0) setTimeout(countDown, Math.min(1000, endMs - Date.now()), endMs);
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
