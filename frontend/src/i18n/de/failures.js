/** What happened and what to do in German, for each stable code of the service and of this page's client. */
export const FAILURES = {
  'failure.no_file.happened': 'Es ist keine Datei angekommen',
  'failure.no_file.advice': 'Wählen Sie die Datei noch einmal.',
  'failure.mixed_study.happened': 'Diese Dateien gehören nicht zusammen',
  'failure.mixed_study.advice':
    'Senden Sie nur die Dateien einer Untersuchung: eine Serie oder einen Fall.',
  'failure.missing_api_key.happened': 'Der Dienst verlangt einen Schlüssel',
  'failure.missing_api_key.advice': 'Bitten Sie die Betreiber dieses Dienstes um Zugang.',
  'failure.wrong_api_key.happened': 'Der Dienst nimmt diesen Schlüssel nicht an',
  'failure.wrong_api_key.advice':
    'Bitten Sie die Betreiber dieses Dienstes um einen gültigen Schlüssel.',
  'failure.upload_too_large.happened': 'Das ist zu viel auf einmal',
  'failure.upload_too_large.advice':
    'Senden Sie eine einzelne Serie, oder komprimieren Sie das Volumen mit gzip.',
  'failure.image_too_large.happened': 'Dieses Bild hat zu viele Pixel',
  'failure.image_too_large.advice':
    'Exportieren Sie die Schicht in ihrer eigenen Auflösung und fügen Sie sie dann wieder hinzu.',
  'failure.upload_too_slow.happened': 'Das Hochladen war zu langsam',
  'failure.upload_too_slow.advice':
    'Vielleicht ist die Verbindung zum Dienst schwach. Versuchen Sie es erneut, oder senden Sie weniger Schichten.',
  'failure.too_many_files.happened': 'Das sind zu viele Dateien auf einmal',
  'failure.too_many_files.advice': 'Senden Sie nur den Ordner einer einzelnen Serie.',
  'failure.expands_too_much.happened': 'Das enthält mehr, als der Dienst auf einmal liest',
  'failure.expands_too_much.advice': 'Senden Sie nur eine Serie oder ein Volumen.',
  'failure.unsupported_format.happened': 'Dieses Dateiformat wird hier nicht gelesen',
  'failure.unsupported_format.advice':
    'Exportieren Sie die Aufnahme als DICOM, NIfTI, PNG, JPEG, BMP, TIFF oder WebP und fügen Sie sie dann wieder hinzu.',
  'failure.corrupt_file.happened': 'Diese Datei ist beschädigt',
  'failure.corrupt_file.advice':
    'Sie beginnt wie eine Aufnahme, lässt sich aber nicht bis zum Ende lesen. Exportieren Sie sie noch einmal.',
  'failure.not_an_mr_image.happened': 'Das ist kein MR-Bild',
  'failure.not_an_mr_image.advice':
    'Die Datei sagt, dass sie aus einem anderen Verfahren stammt. Wählen Sie ein Hirn-MRT.',
  'failure.no_pixel_data.happened': 'Diese Datei enthält kein Bild',
  'failure.no_pixel_data.advice': 'Wählen Sie die Datei der Serie, die das Bild enthält.',
  'failure.missing_modality.happened': 'In diesem Fall fehlt eine Sequenz',
  'failure.missing_modality.advice':
    'Fügen Sie die fehlende Sequenz hinzu und senden Sie den Fall dann noch einmal.',
  'failure.invalid_request.happened': 'Der Dienst hat die Anfrage nicht verstanden',
  'failure.invalid_request.advice':
    'Laden Sie diese Seite neu: Sie ist vielleicht älter als der Dienst.',
  'failure.not_found.happened': 'Der Dienst kennt diese Adresse nicht',
  'failure.not_found.advice': 'Laden Sie diese Seite neu: Sie ist vielleicht älter als der Dienst.',
  'failure.method_not_allowed.happened': 'Der Dienst nimmt diese Anfrage nicht an',
  'failure.method_not_allowed.advice':
    'Laden Sie diese Seite neu: Sie ist vielleicht älter als der Dienst.',
  'failure.rate_limited.happened': 'Zu viele Anfragen in kurzer Zeit',
  'failure.rate_limited.advice': 'Warten Sie einen Augenblick und versuchen Sie es dann erneut.',
  'failure.not_ready.happened': 'Der Dienst ist noch nicht bereit',
  'failure.not_ready.advice':
    'Sein Modell wird gerade geladen. Versuchen Sie es in einem Augenblick erneut.',
  'failure.overloaded.happened': 'Der Dienst ist ausgelastet',
  'failure.overloaded.advice':
    'Andere werden zuerst beantwortet. Versuchen Sie es in einem Augenblick erneut.',
  'failure.internal.happened': 'Der Dienst ist an dieser Studie gescheitert',
  'failure.internal.advice':
    'Sagen Sie es den Betreibern; mit der Nummer der Anfrage unten finden sie den Fehler in ihrem Protokoll.',
  'failure.unreachable.happened': 'Der Dienst ist nicht erreichbar',
  'failure.unreachable.advice':
    'Prüfen Sie die Verbindung und versuchen Sie es dann erneut. Die Studie bleibt hier.',
  'failure.unreadable_answer.happened': 'Die Antwort ist nicht lesbar',
  'failure.unreadable_answer.advice':
    'Vielleicht ist etwas zwischen dieser Seite und dem Dienst falsch eingerichtet. Sagen Sie es den Betreibern.',
  'failure.unknown.happened': 'Der Dienst hat diese Studie abgelehnt',
  'failure.wait.one': 'Der Dienst bittet, 1 Sekunde zu warten.',
  'failure.wait.other': 'Der Dienst bittet, {count} Sekunden zu warten.',
};
