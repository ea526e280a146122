/** The commands of the keyboard, and their sheet, in German. */
export const KEYS = {
  'keys.open': 'Tasten',
  'keys.title': 'Tasten',
  'keys.close': 'Schließen',
  'keys.on': 'Einzelne Tasten wirken auf dieser Seite',
  'keys.group.studies': 'Studien',
  'keys.group.page': 'Seite',
  'command.nextStudy': 'nächste Studie',
  'command.previousStudy': 'vorige Studie',
  'command.addFiles': 'Dateien hinzufügen',
  'command.cancel': 'die Auswertung dieser Studie abbrechen',
  'command.wording': 'Worte für Fachleute oder für Patienten',
  'command.model': 'über das Modell, und zurück',
  'command.language': 'die andere Sprache',
  'command.look': 'hell oder dunkel',
  'command.help': 'diese Übersicht',
};
