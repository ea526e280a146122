/** How slices are looked at, in German. */
export const VIEWER = {
  'viewer.name': 'Schichtansicht',
  'viewer.help':
    'Pfeiltasten blättern durch die Schichten, mit Umschalt verschieben sie das Bild. Plus und Minus zoomen, 0 setzt zurück, I kehrt um; W und N machen das Fenster weiter und enger, B und D das Bild heller und dunkler.',
  'viewer.tools': 'Werkzeuge der Schicht',
  'viewer.slice': 'Schicht',
  'viewer.place': '{index} von {count}',
  'viewer.level': 'Lage',
  'viewer.width': 'Breite',
  'viewer.dragWindow': 'Fenster ziehen',
  'viewer.invert': 'Umkehren',
  'viewer.zoomIn': 'Vergrößern',
  'viewer.zoomOut': 'Verkleinern',
  'viewer.reset': 'Zurücksetzen',
  'viewer.loading': 'Die übrigen Schichten werden geladen.',
  'viewer.loadingOne': 'Der volle Umfang der Helligkeiten wird geladen.',
  'viewer.notLoaded': 'Die Schichten konnten nicht geladen werden.',
  'viewer.loadAgain': 'Erneut laden',
  'heatmap.onSlices': 'auf Schichten',
  'heatmap.goToSlice': 'Zu Schicht {number}',
  'planes.open': 'Drei Ebenen',
  'planes.close': 'Schließen',
  'planes.opening': 'Die drei Ebenen werden gezeichnet.',
  'planes.impossible':
    'Dieser Browser kann hier keine drei Ebenen zeichnen: Dafür ist WebGL 2 nötig. Die Schichten lassen sich einzeln ansehen.',
  'planes.picture':
    'Das Volumen in axialer, koronaler und sagittaler Ebene; Pfeil- und Bildtasten bewegen das Fadenkreuz',
  'comparison.with': 'Mit einer anderen Studie vergleichen',
  'comparison.choose': 'Vergleichen mit …',
};
