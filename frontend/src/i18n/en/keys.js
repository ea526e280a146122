/** The commands of the keyboard, and their sheet. */
export const KEYS = {
  'keys.open': 'Keys',
  'keys.title': 'Keys',
  'keys.close': 'Close',
  'keys.on': 'Single keys work on this page',
  'keys.group.studies': 'Studies',
  'keys.group.page': 'Page',
  'command.nextStudy': 'next study',
  'command.previousStudy': 'previous study',
  'command.addFiles': 'add files',
  'command.cancel': 'cancel the analysis of this study',
  'command.wording': 'words for staff or for a patient',
  'command.model': 'about the model, and back',
  'command.language': 'the other language',
  'command.look': 'light or dark look',
  'command.help': 'this sheet',
};
