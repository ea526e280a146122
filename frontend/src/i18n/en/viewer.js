/** The viewer of slices and planes. */
export const VIEWER = {
  'viewer.name': 'Slice viewer',
  'viewer.help':
    'Arrow keys scroll through the slices; with Shift they move the image. Plus and minus zoom, 0 resets, I inverts. W and N widen and narrow the window; B and D make the image brighter and darker.',
  'viewer.tools': 'Slice tools',
  'viewer.slice': 'Slice',
  'viewer.place': '{index} of {count}',
  'viewer.level': 'Level',
  'viewer.width': 'Width',
  'viewer.dragWindow': 'Drag window',
  'viewer.invert': 'Invert',
  'viewer.zoomIn': 'Zoom in',
  'viewer.zoomOut': 'Zoom out',
  'viewer.reset': 'Reset',
  'viewer.loading': 'The other slices are loading.',
  'viewer.loadingOne': 'The full intensity range is loading.',
  'viewer.notLoaded': 'The slices could not be loaded.',
  'viewer.loadAgain': 'Load again',
  'heatmap.onSlices': 'on slices',
  'heatmap.goToSlice': 'Go to slice {number}',
  'planes.open': 'Three planes',
  'planes.close': 'Close',
  'planes.opening': 'The three planes are loading.',
  'planes.impossible':
    'This browser cannot draw three planes because it lacks WebGL 2. You can still view the slices one by one.',
  'planes.picture':
    'The volume in axial, coronal and sagittal planes. Arrow keys and page keys move the crosshair.',
  'comparison.with': 'Compare with another study',
  'comparison.choose': 'Compare with…',
};
