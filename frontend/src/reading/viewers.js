import { createElement } from '../shell/element.js';
import { findCompared } from '../state/session.js';
import { createComparison } from './comparison.js';
import { createSliceCurve } from './curve/slice-curve.js';
import { createThreePlanes } from './planes/three-planes.js';
import { areSameStack, describeInput } from './preview/describe-input.js';
import { createSliceView } from './viewer/slice.js';

/** @typedef {import('../state/session.js').Session} Session */
/** @typedef {import('../state/session.js').Study} Study */

/**
 * The views of a study's image data: slices, curve, three planes, and a second study to compare.
 * @param {HTMLElement} root
 * @param {Pick<import('../shell/page.js').PageWiring, 'store' | 'volumes' | 'previews' | 'displays'>} wiring
 */
export function createViewers(root, { store, volumes, previews, displays }) {
  const viewers = createElement('div', { className: 'viewers' });
  root.append(viewers);
  const slice = createSliceView(viewers, displays, {
    onVolumeWanted: volumes.request,
    onDisplay: (seen, cause) => {
      curve.mark(seen.display.index);
      planes.follow(seen.display);
      if (cause !== 'other') comparison.follow(seen);
    },
  });
  const curve = createSliceCurve(slice.curvePlace, {
    onSlice: (index) => slice.execute({ kind: 'go', index }),
  });
  const planes = createThreePlanes(slice.square, slice.buttons, {
    onSlice: (index) => slice.execute({ kind: 'go', index }),
  });
  const comparison = createComparison(viewers, slice.buttons, displays, {
    onCompare: (id, series) => store.dispatch({ type: 'comparisonChosen', id, series }),
    onVolumeWanted: volumes.request,
    onDisplay: (seen, cause) => {
      if (cause === 'command') slice.follow(seen);
    },
  });

  return {
    close: planes.close,
    execute: slice.execute,
    focus: () => slice.square.focus(),
    /** @returns whether there was a layer over the slice */
    closeLayer: () => slice.closeMenu() || planes.close(),
    /** @param {Session} session */
    keepOnly(session) {
      const { studies } = session;
      slice.keepOnly(studies);
      comparison.keepOnly(studies);
      const compared = findCompared(session);
      volumes.keepOnly(compared === null ? studies : [...studies, compared]);
    },
    /**
     * @param {Session} session
     * @param {Study} selected
     * @param {import('../api/client.js').PredictionAnswer | null} curved the answer whose curve is drawn
     */
    update(session, selected, curved) {
      const compared = findCompared(session);
      for (const study of [selected, compared]) if (hasSlices(study)) volumes.request(study, false);
      const loaded = volumes.get(selected);
      previews.follow(selected, loaded?.state === 'here');
      const volume = findShown(selected, loaded, previews.get(selected));
      curve.update(curved);
      comparison.update(session, selected, compared, compared && volumes.get(compared));
      slice.update(selected, volume, session.wording);
      planes.update(selected, volume, session.wording);
    },
  };
}

/**
 * While the service's voxels of an answer are loading, the same slices are shown as the browser has read them.
 * @param {Study} study
 * @param {import('../state/volumes.js').Volume | null} loaded
 * @param {import('../state/previews.js').Preview | null} preview
 */
function findShown({ series, prediction }, loaded, preview) {
  if (preview === null || prediction === null) return loaded ?? preview;
  const isKnown = series === null && prediction.input.series.length < 2;
  const suits = isKnown && areSameStack(describeInput(preview.voxels), prediction.input);
  return suits && loaded?.state === 'loading' ? preview : loaded;
}

/**
 * A series beside the one that was read has no answer, and no picture but its voxels.
 * @param {Study | null} study
 * @returns {study is Study}
 */
function hasSlices(study) {
  return study?.phase === 'done' && (study.prediction?.input.slice_count ?? 2) > 1;
}
