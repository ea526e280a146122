/** How slices are looked at, in English. */
export const VIEWER = {
  'viewer.name': 'Slice viewer',
  'viewer.help':
    'Arrow keys go through the slices, with Shift they move the picture. Plus and minus zoom, 0 resets, I inverts; W and N make the window wider and narrower, B and D the picture brighter and darker.',
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
  'viewer.loadingOne': 'The full range of its intensities is loading.',
  'viewer.notLoaded': 'The slices could not be loaded.',
  'viewer.loadAgain': 'Load again',
  'heatmap.onSlices': 'on slices',
  'heatmap.goToSlice': 'Go to slice {number}',
  'planes.open': 'Three planes',
  'planes.close': 'Close',
  'planes.opening': 'The three planes are being drawn.',
  'planes.impossible':
    'This browser cannot draw three planes here: they take WebGL 2. The slices can be looked at one by one.',
  'planes.picture':
    'The volume in axial, coronal and sagittal planes; arrow and page keys move the crosshair',
  'comparison.with': 'Compare with another study',
  'comparison.choose': 'Compare with…',
};
