import { ServiceFailure } from '../api/failure.js';
import { parseVoxels, unpackGzip } from '../reading/pixels/voxels.js';

/** @typedef {import('../reading/pixels/voxels.js').Voxels} Voxels */
/** @typedef {import('./session.js').Study} Study */
/**
 * @typedef {{ state: 'loading' }
 *   | { state: 'here', voxels: Voxels, file: ArrayBuffer | null }
 *   | { state: 'failed', failure: ServiceFailure }} Volume
 */

// A volume takes tens of megabytes: the most recent ones are kept, the others fetched again.
const MOST_KEPT = 6;

/**
 * The voxels of studies, fetched from the service when they are first needed.
 * @param {(signal: AbortSignal, sent: import('../api/client.js').Sent) => Promise<ArrayBuffer>} fetchVolume
 */
export function createVolumes(fetchVolume) {
  /** @type {Map<string, Volume>} */
  const volumes = new Map();
  /** @type {Map<string, AbortController>} */
  const requests = new Map();
  /** @type {Set<() => void>} */
  const listeners = new Set();

  /**
   * @param {Study} study
   * @param {Volume} volume
   */
  function put(study, volume) {
    volumes.delete(nameVolume(study));
    volumes.set(nameVolume(study), volume);
    for (const oldest of [...volumes.keys()].slice(0, -MOST_KEPT)) volumes.delete(oldest);
    for (const listener of listeners) listener();
  }

  /** @param {Study} study */
  async function load(study) {
    const controller = new AbortController();
    requests.set(nameVolume(study), controller);
    put(study, { state: 'loading' });
    try {
      const compressed = await fetchVolume(controller.signal, {
        files: study.files ?? [],
        series: study.series,
      });
      const file = await unpackGzip(compressed);
      put(study, { state: 'here', voxels: parseVoxels(file), file });
    } catch (error) {
      if (controller.signal.aborted) return;
      const failure =
        error instanceof ServiceFailure
          ? error
          : new ServiceFailure({ code: 'unreadable_answer', detail: String(error) });
      put(study, { state: 'failed', failure });
    }
  }

  return {
    /** @param {Study} study */
    get: (study) => volumes.get(nameVolume(study)) ?? null,

    /**
     * Fetches it, unless it is loaded or loading; after a failure only with `again`.
     * @param {Study} study
     * @param {boolean} again
     */
    request(study, again) {
      const volume = volumes.get(nameVolume(study));
      if (study.files === null || (volume && !(again && volume.state === 'failed'))) return;
      load(study);
    },

    /**
     * Drops the voxels of all others, and aborts their requests.
     * @param {Study[]} studies
     */
    keepOnly(studies) {
      const kept = new Set(studies.map(nameVolume));
      for (const name of volumes.keys()) if (!kept.has(name)) volumes.delete(name);
      for (const [name, controller] of requests) {
        if (kept.has(name)) continue;
        controller.abort();
        requests.delete(name);
      }
    },

    /** @param {() => void} listener told of each change */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * Of the same files another model may read another sequence, and a user may choose another series.
 * @param {Study} study
 */
function nameVolume({ id, series, prediction }) {
  return `${id} ${prediction?.model.sha256} ${series ?? ''}`;
}
