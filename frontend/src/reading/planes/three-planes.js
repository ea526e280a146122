import { findHeatColor } from '../../answer/class-colors.js';
import { describeClass } from '../../answer/decision.js';
import { translate } from '../../i18n/translate.js';
import { createButton, createElement } from '../../shell/element.js';
import { findKind } from '../heatmaps.js';
import { findWindow } from '../viewer/display.js';
import './three-planes.css';

/** @typedef {import('../viewer/display.js').Display} Display */
/** @typedef {import('./volume-viewer.js').VolumeViewer} VolumeViewer */
/** @typedef {import('../../state/volumes.js').Volume} Volume */
/** @typedef {import('../../state/study.js').Study} Study */

/** @type {Record<string, [number, number, number]>} */
const MOVES = {
  ArrowLeft: [1, 0, 0],
  ArrowRight: [-1, 0, 0],
  ArrowUp: [0, 1, 0],
  ArrowDown: [0, -1, 0],
  PageUp: [0, 0, 1],
  PageDown: [0, 0, -1],
};

const MOST_LISTED = 5;

/**
 * A volume in three planes, over the slice; opened on request only, because it needs a large module and WebGL 2.
 * @param {HTMLElement} square that it covers
 * @param {HTMLElement} buttons where it is opened
 * @param {{ onSlice: (index: number) => void }} listeners told of the slice that the crosshair was moved to
 */
export function createThreePlanes(square, buttons, { onSlice }) {
  /** @type {{ study: Study | null, volume: Volume | null, display: Display | null }} */
  let shown = { study: null, volume: null, display: null };
  /** @type {import('../../state/session.js').Wording} */
  let wording = 'staff';
  // The answer and the kind of tumour whose map is shown.
  let mapped = '';
  /** @type {VolumeViewer | null} */
  let viewer = null;
  let opened = 0;

  const opener = createButton(translate('planes.open'), () => (panel.hidden ? open() : close()));
  const words = createElement('p', { className: 'planes-words' });
  words.setAttribute('role', 'status');
  const place = createElement('div', { className: 'planes-canvas' });
  const note = createElement('p', { className: 'planes-note' });
  const closer = createButton(translate('planes.close'), close);
  const panel = createElement('section', { className: 'three-planes', hidden: true }, [
    place,
    words,
    note,
    closer,
  ]);
  panel.setAttribute('aria-label', translate('planes.open'));
  buttons.append(opener);
  square.append(panel);
  // Capturing: neither the slice behind nor NiiVue must see these keys.
  panel.addEventListener('keydown', press, true);

  /** @param {KeyboardEvent} event */
  function press(event) {
    event.stopPropagation();
    if (event.key === 'Escape') close();
    const move = MOVES[event.key];
    if (move === undefined || viewer === null) return;
    event.preventDefault();
    viewer.moveCrosshair(...move);
  }

  async function open() {
    const { volume, display } = shown;
    if (volume?.state !== 'here' || volume.file === null) return;
    const { voxels, file } = volume;
    opened += 1;
    const turn = opened;
    panel.hidden = false;
    opener.setAttribute('aria-expanded', 'true');
    words.textContent = translate('planes.opening');
    closer.focus();
    const canvas = createElement('canvas', { tabIndex: 0 });
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', translate('planes.picture'));
    place.replaceChildren(canvas);
    try {
      const { openVolumeViewer } = await import('./volume-viewer.js');
      const start = [0, 1, 2].map((axis) =>
        axis === voxels.sliceAxis ? (display?.index ?? 0) : null,
      );
      const window = display && findWindow(display, null, voxels);
      const made = await openVolumeViewer(canvas, file, window, start, (voxel) => {
        const index = voxel[voxels.sliceAxis];
        if (index !== undefined && index !== shown.display?.index) onSlice(index);
      });
      if (turn !== opened) {
        made.close();
        return;
      }
      viewer = made;
      words.textContent = '';
      showMap();
    } catch {
      if (turn !== opened) return;
      place.replaceChildren();
      words.textContent = translate('planes.impossible');
    }
  }

  /** @returns whether it was open */
  function close() {
    if (panel.hidden) return false;
    opened += 1;
    viewer?.close();
    viewer = null;
    mapped = '';
    note.textContent = '';
    const hadFocus = panel.contains(document.activeElement);
    panel.hidden = true;
    place.replaceChildren();
    opener.setAttribute('aria-expanded', 'false');
    if (hadFocus) opener.focus();
    return true;
  }

  /** The heat map of the kind of tumour that is shown on the slice behind. */
  async function showMap() {
    const { study, volume, display } = shown;
    const prediction = study?.prediction;
    if (viewer === null || !prediction?.explanation || !display) return;
    if (volume?.state !== 'here' || volume.file === null) return;
    const { voxels, file } = volume;
    const kind = display.tumor ?? findKind(prediction, display.index);
    const wanted = `${prediction.id} ${kind}`;
    if (wanted === mapped) return;
    mapped = wanted;
    const { makeMapVolume, readMaps } = await import('./map-volume.js');
    const maps = await readMaps(prediction, kind, voxels);
    if (wanted !== mapped) return;
    const peak = findPeak(maps.get(display.index));
    // Once, where the map can be seen.
    if (note.textContent === '' && peak !== null && display.opacity > 0) {
      const [across = 0, down = 1] = [0, 1, 2].filter((axis) => axis !== voxels.sliceAxis);
      viewer.goTo(across, voxels.width - 1 - (peak % voxels.width));
      viewer.goTo(down, voxels.height - 1 - Math.floor(peak / voxels.width));
    }
    const findings = prediction.findings.map(({ slices }) => slices);
    const map = makeMapVolume(file, voxels, maps, findings);
    viewer.fade(shown.display?.opacity ?? 0);
    await viewer.setMap(map, findHeatColor(prediction, kind));
    note.textContent = translate(wording === 'staff' ? 'planes.map' : 'planes.mapPatient', {
      kind: describeClass(kind),
      slices: describeSlices([...maps.keys()]),
    });
  }

  opener.setAttribute('aria-expanded', 'false');

  return {
    close,
    /**
     * @param {Study} study
     * @param {Volume | null} volume
     * @param {import('../../state/session.js').Wording} itsWording a patient is told of no kind of tumour
     */
    update(study, volume, itsWording) {
      if (study.id !== shown.study?.id || wording !== itsWording) close();
      wording = itsWording;
      shown = { ...shown, study, volume };
      opener.hidden =
        volume?.state !== 'here' || volume.file === null || volume.voxels.sliceCount < 2;
    },
    /** @param {Display} display of the slice behind, whose position and window the planes share */
    follow(display) {
      const { display: before, volume } = shown;
      shown = { ...shown, display };
      if (viewer === null || volume?.state !== 'here') return;
      const { voxels } = volume;
      if (display.index !== before?.index) viewer.goTo(voxels.sliceAxis, display.index);
      const window = findWindow(display, null, voxels);
      if (window !== null && display.window !== before?.window) viewer.setWindow(window);
      if (display.opacity !== before?.opacity) viewer.fade(display.opacity);
      note.hidden = display.opacity === 0;
      showMap();
    },
  };
}

/**
 * Their numbers; of many the first and the last.
 * @param {number[]} indices
 */
function describeSlices(indices) {
  const numbers = indices.map((index) => index + 1).sort((one, other) => one - other);
  const [first = 0, last = 0] = [numbers[0], numbers.at(-1)];
  if (numbers.length <= MOST_LISTED) return numbers.join(', ');
  return translate('planes.slices', { first, last, count: numbers.length });
}

/**
 * @param {Uint8ClampedArray | undefined} map
 * @returns {number | null} the pixel of the strongest evidence; null where there is none
 */
function findPeak(map) {
  const most = map?.reduce((one, other) => Math.max(one, other)) ?? 0;
  return map === undefined || most === 0 ? null : map.indexOf(most);
}
