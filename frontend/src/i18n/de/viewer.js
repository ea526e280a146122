/** The viewer of slices and planes, in German. */
export const VIEWER = {
  'viewer.name': 'Schichtansicht',
  'viewer.help':
    'Pfeiltasten blättern durch die Schichten; mit Umschalt verschieben sie das Bild. Plus und Minus zoomen, 0 setzt zurück, I invertiert. W und N weiten und verengen das Fenster; B und D machen das Bild heller und dunkler.',
  'viewer.tools': 'Werkzeuge der Schicht',
  'viewer.slice': 'Schicht',
  'viewer.place': '{index} von {count}',
  'viewer.level': 'Zentrum',
  'viewer.width': 'Breite',
  'viewer.dragWindow': 'Fenster ziehen',
  'viewer.invert': 'Invertieren',
  'viewer.zoomIn': 'Vergrößern',
  'viewer.zoomOut': 'Verkleinern',
  'viewer.reset': 'Zurücksetzen',
  'viewer.loading': 'Die übrigen Schichten werden geladen.',
  'viewer.loadingOne': 'Der volle Intensitätsbereich wird geladen.',
  'viewer.notLoaded': 'Die Schichten konnten nicht geladen werden.',
  'viewer.loadAgain': 'Erneut laden',
  'heatmap.onSlices': 'auf Schichten',
  'heatmap.goToSlice': 'Zu Schicht {number}',
  'planes.open': 'Drei Ebenen',
  'planes.close': 'Schließen',
  'planes.opening': 'Die drei Ebenen werden geladen.',
  'planes.impossible':
    'Dieser Browser kann keine drei Ebenen zeichnen, weil ihm WebGL 2 fehlt. Sie können die Schichten weiterhin einzeln ansehen.',
  'planes.picture':
    'Das Volumen in axialer, koronarer und sagittaler Ebene. Pfeil- und Bildtasten bewegen das Fadenkreuz.',
  'comparison.with': 'Mit einer anderen Studie vergleichen',
  'comparison.choose': 'Vergleichen mit …',
};
