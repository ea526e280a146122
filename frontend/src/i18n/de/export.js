/** @type {typeof import('../en/export.js').EXPORT} */
export const EXPORT = {
  'export.title': 'Exportieren',
  'export.report': 'Bericht',
  'export.json': 'JSON herunterladen',
  'export.copy': 'JSON kopieren',
  'export.copied': 'Die Antwort wurde in die Zwischenablage kopiert.',
  'export.notCopied': 'Der Browser verweigert den Zugriff auf die Zwischenablage.',
  'export.csv': 'Alle Studien als CSV',
  'report.title': 'Bericht zur Vorhersage',
  'report.of': 'Bericht: {study}',
  'report.print': 'Drucken oder als PDF speichern',
  'report.close': 'Zurück zur Studie',
  'report.onlyTyped':
    'Ihre Eingaben bleiben auf diesem Blatt. Sie werden nie gesendet und beim Schließen des Berichts gelöscht.',
  'report.name': 'Name',
  'report.birthDate': 'Geburtsdatum',
  'report.examination': 'Untersuchung',
  'report.remarks': 'Bemerkungen',
  'report.picture': 'Das Bild, das das Modell gelesen hat',
  'report.overlay': 'Mit der Heatmap (Class Activation Map) für {kind}',
  'report.noPicture': 'Der Dienst hat kein Bild dieser Schicht gesendet.',
  'report.predictionSet': 'Vorhersagemenge bei 95 % Abdeckung: {kinds}.',
  'report.emptySet': 'Die Vorhersagemenge bei 95 % Abdeckung ist leer: Keine Klasse passt.',
  'report.warnings': 'Warnungen',
  'report.origin': 'Herkunft',
  'report.modelSha256': 'SHA-256 des Modells',
  'report.inputSha256': 'SHA-256 der Eingabe',
  'report.analysedAt': 'Ausgewertet',
  'report.requestId': 'Anfrage',
  'removal.remove': 'Diese Studie entfernen',
  'removal.clear': 'Sitzung leeren',
  'removal.question': 'Alle Studien dieser Sitzung entfernen?',
  'removal.explanation.one':
    'Die Studie, ihre Vorhersage und ihre Bilder werden von dieser Seite entfernt. Sie sind nirgends sonst gespeichert.',
  'removal.explanation.other':
    'Alle {count} Studien, ihre Vorhersagen und ihre Bilder werden von dieser Seite entfernt. Sie sind nirgends sonst gespeichert.',
  'removal.confirm': 'Alle entfernen',
  'removal.keep': 'Behalten',
  'removal.nothingKept':
    'Nichts wird gespeichert: Wenn Sie diesen Tab schließen, ist alles gelöscht.',
  'service.busy.waiting': 'ausgelastet: {count} warten',
  'service.busy.rejected': 'Dienst ausgelastet',
  'study.busy': 'Der Dienst ist ausgelastet',
  'study.retry.one': 'Die Seite sendet die Studie in 1 Sekunde erneut.',
  'study.retry.other': 'Die Seite sendet die Studie in {count} Sekunden erneut.',
  'modelChange.sentence':
    'Das Modell hat zu Version {now} gewechselt. Frühere Ergebnisse stammen von Version {before}.',
  'modelChange.sameVersion':
    'Das Modell wurde durch ein anderes derselben Version ({now}) ersetzt. Frühere Ergebnisse stammen vom vorigen.',
  'modelChange.again': 'Diese erneut auswerten',
  'modelChange.result':
    'Dieses Ergebnis stammt von Modellversion {before}. Der Dienst verwendet jetzt Version {now}.',
};
