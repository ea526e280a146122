import { DRAG_MODE, Niivue, SHOW_RENDER, SLICE_TYPE } from '@niivue/niivue';

/**
 * @typedef {object} VolumeViewer
 * @property {(right: number, anterior: number, superior: number) => void} moveCrosshair by voxels
 * @property {(axis: number, index: number) => void} goTo a slice across an axis
 * @property {(window: import('../pixels/window-table.js').IntensityWindow) => void} setWindow
 * @property {(map: ArrayBuffer, color: string) => Promise<void>} setMap a heat map over the scan, in place of the one before:
 *   NIfTI-1 of 8-bit levels, as #rrggbb
 * @property {(opacity: number) => void} fade the heat map, to a share in 0..1
 * @property {() => void} close
 */

/**
 * Shows a volume in three planes with a crosshair, drawn by WebGL 2. The only user of NiiVue, which is large: this
 * module is fetched when it is first needed.
 * @param {HTMLCanvasElement} canvas fills its parent
 * @param {ArrayBuffer} file NIfTI-1, unpacked
 * @param {import('../pixels/window-table.js').IntensityWindow | null} window
 * @param {(number | null)[]} place voxel that the crosshair begins at; null for the middle of an axis
 * @param {(voxel: number[]) => void} onPlace the crosshair was moved by a person
 * @returns {Promise<VolumeViewer>}
 * @throws {Error} where the browser has no WebGL 2, or too little memory for it
 */
export async function openVolumeViewer(canvas, file, window, place, onPlace) {
  const viewer = new Niivue({
    logLevel: 'silent',
    loadingText: '',
    sliceType: SLICE_TYPE.MULTIPLANAR,
    multiplanarShowRender: SHOW_RENDER.NEVER,
    // In the orientation of the slices beside it.
    isRadiologicalConvention: true,
    sagittalNoseLeft: true,
    crosshairColor: [0.67, 0.73, 0.93, 0.8],
    dragMode: DRAG_MODE.windowing,
    dragAndDropEnabled: false,
    viewModeHotKey: '',
    clipPlaneHotKey: '',
    cycleClipPlaneHotKey: '',
  });
  const fontUrl = keepFromDataUrls(viewer);
  try {
    await viewer.attachToCanvas(canvas, false);
    await viewer.loadFromArrayBuffer(file, 'scan.nii');
  } finally {
    URL.revokeObjectURL(fontUrl);
  }
  const [volume] = viewer.volumes;
  if (volume === undefined) throw new Error('the volume cannot be shown');
  if (window !== null) setWindow(window);
  const [right, anterior, superior] = [0, 1, 2].map(
    (axis) => place[axis] ?? Math.floor((volume.dims?.[axis + 1] ?? 1) / 2),
  );
  viewer.scene.crosshairPos = viewer.vox2frac([right ?? 0, anterior ?? 0, superior ?? 0]);
  viewer.drawScene();
  viewer.onLocationChange = () => onPlace(findVoxel());

  function findVoxel() {
    return Array.from(viewer.frac2vox(viewer.scene.crosshairPos));
  }

  /** @param {import('../pixels/window-table.js').IntensityWindow} window */
  function setWindow({ lower, upper }) {
    if (volume === undefined) return;
    volume.cal_min = lower;
    volume.cal_max = upper;
    viewer.updateGLVolume();
  }

  return {
    goTo(axis, index) {
      const [i = 0, j = 0, k = 0] = findVoxel().with(axis, index);
      viewer.scene.crosshairPos = viewer.vox2frac([i, j, k]);
      viewer.drawScene();
    },
    setWindow,
    async setMap(map, color) {
      const [R = [], G = [], B = []] = [1, 3, 5].map((at) => {
        const part = Number.parseInt(color.slice(at, at + 2), 16);
        return [part, part];
      });
      viewer.addColormap(color, { R, G, B, A: [0, 255], I: [0, 255] });
      const { id } = await viewer.addVolumeFromUrl({
        ...{ url: 'map.nii', name: 'map.nii', buffer: map, colormap: color },
        ...{ cal_min: 0, cal_max: 255 },
      });
      for (const before of viewer.volumes.slice(1, -1)) viewer.removeVolume(before);
      // A layer is opaque, unless its opacity is another's, or its own, intensity.
      viewer.setModulationImage(id, id, 1);
    },
    fade(opacity) {
      viewer.overlayAlphaShader = opacity;
      viewer.drawScene();
    },
    moveCrosshair(byRight, byAnterior, bySuperior) {
      viewer.moveCrosshairInVox(byRight, byAnterior, bySuperior);
      viewer.drawScene();
    },
    close() {
      viewer.cleanup();
      viewer.gl.getExtension('WEBGL_lose_context')?.loseContext();
    },
  };
}

/**
 * NiiVue keeps images in `data:` URLs, which the page's Content Security Policy blocks: the font comes from a `blob:`
 * URL instead, and the material of surfaces, which are not drawn here, is left out.
 * @param {Niivue} viewer
 * @returns {string} an address to give back
 */
function keepFromDataUrls(viewer) {
  const letters = String(Reflect.get(viewer, 'DEFAULT_FONT_GLYPH_SHEET'));
  const bytes = atob(letters.slice(letters.indexOf(',') + 1));
  const sheet = Uint8Array.from(bytes, (character) => character.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([sheet], { type: 'image/png' }));
  Reflect.set(viewer, 'DEFAULT_FONT_GLYPH_SHEET', url);
  viewer.loadDefaultMatCap = async () => null;
  return url;
}
