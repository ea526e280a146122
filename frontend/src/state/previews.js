/** @typedef {import('../reading/pixels/voxels.js').Voxels} Voxels */
/** @typedef {import('./session.js').Study} Study */
/** @typedef {{ state: 'here', voxels: Voxels, file: null }} Preview */

/**
 * The slices of the selected study as the browser reads them, until the service has sent them.
 * @param {(signal: AbortSignal, files: File[]) => Promise<Voxels | null>} read
 */
export function createPreviews(read) {
  /** @type {{ id: number, controller: AbortController, preview: Preview | null } | null} */
  let current = null;
  /** @type {Set<() => void>} */
  const listeners = new Set();

  /**
   * @param {Study} study
   * @param {File[]} files
   */
  async function start({ id }, files) {
    const mine = { id, controller: new AbortController(), preview: null };
    current = mine;
    const voxels = await read(mine.controller.signal, files);
    if (current !== mine || voxels === null) return;
    current = { ...mine, preview: { state: 'here', voxels, file: null } };
    for (const listener of listeners) listener();
  }

  return {
    /**
     * @param {Study | null} study
     * @returns {Preview | null}
     */
    get: (study) => (study?.id === current?.id ? (current?.preview ?? null) : null),

    /**
     * Reads the study, and drops what was read of another. What has an answer is not read; what was read of it before
     * stays until the service's own voxels are here.
     * @param {Study | null} study
     * @param {boolean} [isReplaced] by the service's
     */
    follow(study, isReplaced = false) {
      const files = study?.prediction === null ? study.files : null;
      const isOver = isReplaced || (files === null && current?.preview === null);
      if (current !== null && (isOver || current.id !== study?.id)) {
        current.controller.abort();
        current = null;
      }
      if (study !== null && files !== null && current === null) start(study, files);
    },

    /** @param {() => void} listener told of each that was read */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
