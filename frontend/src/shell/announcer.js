import { describeStudy } from '../answer/study-description.js';

/** @typedef {import('../state/session.js').Study} Study */
/** @typedef {import('../state/session.js').Phase} Phase */
/** @typedef {import('../state/session.js').Wording} Wording */
/** @typedef {import('../state/service.js').Service} Service */

/**
 * Announces each new step of a study to screen readers.
 * @param {HTMLElement} root a live region
 */
export function createAnnouncer(root) {
  /** @type {Map<number, Phase>} */
  const announced = new Map();

  return {
    clear() {
      announced.clear();
      root.textContent = '';
    },

    /**
     * @param {Study[]} studies
     * @param {Service} service
     * @param {Wording} wording
     */
    update(studies, service, wording) {
      for (const study of studies) {
        if (announced.get(study.id) === study.phase) continue;
        announced.set(study.id, study.phase);
        root.textContent = `${study.name}: ${describeStudy(study, service, wording).headline}`;
      }
    },
  };
}
