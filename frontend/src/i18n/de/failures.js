/** What happened and what to do in German, for each stable code of the service and of this page's client. */
export const FAILURES = {
  'failure.no_file.happened': 'Die Anfrage enthielt keine Datei',
  'failure.no_file.advice': 'Wählen Sie die Datei noch einmal aus.',
  'failure.mixed_study.happened': 'Diese Dateien gehören nicht zu einer Studie',
  'failure.mixed_study.advice':
    'Senden Sie nur die Dateien einer Untersuchung: eine Serie oder einen Fall.',
  'failure.not_one_examination.happened': 'Diese Volumen gehören nicht zu einer Untersuchung',
  'failure.not_one_examination.advice':
    'Senden Sie ein Volumen oder die ausgerichteten Volumen eines Falls, deren Namen auf _flair, _t1, _t1ce und _t2 enden.',
  'failure.missing_api_key.happened': 'Der Dienst verlangt einen API-Schlüssel',
  'failure.missing_api_key.advice': 'Bitten Sie den Betreiber dieses Dienstes um Zugang.',
  'failure.wrong_api_key.happened': 'Der Dienst akzeptiert diesen API-Schlüssel nicht',
  'failure.wrong_api_key.advice':
    'Bitten Sie den Betreiber dieses Dienstes um einen gültigen Schlüssel.',
  'failure.forbidden_origin.happened': 'Der Dienst antwortet Seiten anderer Adressen nicht',
  'failure.forbidden_origin.advice': 'Nutzen Sie die Seite unter der Adresse des Dienstes selbst.',
  'failure.unknown_host.happened': 'Der Dienst ist unter dem Namen in dieser Adresse nicht bekannt',
  'failure.unknown_host.advice':
    'Bitten Sie den Betreiber, diesen Namen zuzulassen, oder öffnen Sie eine andere Adresse.',
  'failure.upload_too_large.happened': 'Der Upload ist zu groß',
  'failure.upload_too_large.advice':
    'Senden Sie eine einzelne Serie, oder komprimieren Sie das Volumen mit gzip.',
  'failure.image_too_large.happened': 'Das Bild hat zu viele Pixel',
  'failure.image_too_large.advice':
    'Exportieren Sie die Schicht in ihrer ursprünglichen Auflösung und fügen Sie sie erneut hinzu.',
  'failure.upload_too_slow.happened': 'Der Upload war zu langsam',
  'failure.upload_too_slow.advice':
    'Die Verbindung ist möglicherweise schwach. Versuchen Sie es erneut, oder senden Sie weniger Schichten.',
  'failure.too_many_files.happened': 'Der Upload enthält zu viele Dateien',
  'failure.too_many_files.advice': 'Senden Sie nur den Ordner einer einzelnen Serie.',
  'failure.too_many_slices.happened': 'Das Volumen hat mehr Schichten, als der Dienst liest',
  'failure.too_many_slices.advice': 'Senden Sie nur eine Serie oder ein Volumen.',
  'failure.expands_too_much.happened': 'Die Dateien enthalten mehr Daten, als der Dienst annimmt',
  'failure.expands_too_much.advice': 'Senden Sie nur eine Serie oder ein Volumen.',
  'failure.unsupported_format.happened': 'Dieses Dateiformat wird nicht unterstützt',
  'failure.unsupported_format.advice':
    'Exportieren Sie die Aufnahme als DICOM (kein Video), NIfTI, NRRD, MGZ, Analyze, PNG, JPEG, BMP, TIFF oder WebP, oder eine Studie daraus als ZIP, und fügen Sie sie erneut hinzu. Entpacken Sie andere Archive vorher.',
  'failure.corrupt_file.happened': 'Diese Datei ist beschädigt',
  'failure.corrupt_file.advice':
    'Sie ließ sich nicht bis zum Ende lesen. Exportieren Sie sie noch einmal.',
  'failure.not_an_mr_image.happened': 'Das ist kein MR-Bild',
  'failure.not_an_mr_image.advice':
    'Die Datei stammt aus einer anderen Modalität. Wählen Sie ein Schädel-MRT.',
  'failure.not_an_anatomical_image.happened':
    'Diese Datei enthält eine Karte oder Maske, kein Bild',
  'failure.not_an_anatomical_image.advice':
    'Labels, Masken, statistische Karten, Vektoren und Farbkarten werden nicht ausgewertet. Senden Sie das MR-Volumen selbst.',
  'failure.tiled_image.happened': 'Dieses Bild zeigt viele Schichten nebeneinander',
  'failure.tiled_image.advice':
    'Die Datei sagt nicht, wo jede Schicht liegt. Exportieren Sie jede Schicht als eigenes Bild, oder wandeln Sie die Serie in NIfTI um.',
  'failure.not_a_brain.happened': 'Diese Datei zeigt keinen menschlichen Kopf',
  'failure.not_a_brain.advice':
    'Die Datei nennt einen anderen Körperteil, ein Tier oder ein Phantom. Wählen Sie die Serie des Kopfes.',
  'failure.unknown_series.happened': 'Die gewählte Serie ist nicht unter diesen Dateien',
  'failure.unknown_series.advice': 'Wählen Sie eine der Serien, die die Antwort nennt.',
  'failure.no_pixel_data.happened': 'Diese Datei enthält kein Bild',
  'failure.no_pixel_data.advice':
    'Wählen Sie die Datei der Serie, die das Bild enthält. Ein Header (.hdr, .nhdr) braucht auch seine Datendatei.',
  'failure.missing_modality.happened': 'In diesem Fall fehlt eine Sequenz',
  'failure.missing_modality.advice':
    'Fügen Sie die fehlende Sequenz hinzu und senden Sie den Fall noch einmal.',
  'failure.took_too_long.happened': 'Der Dienst hat zu lange gebraucht',
  'failure.took_too_long.advice':
    'Senden Sie nur eine Serie oder ein Volumen, oder versuchen Sie es später noch einmal.',
  'failure.invalid_request.happened': 'Der Dienst hat die Anfrage nicht verstanden',
  'failure.invalid_request.advice':
    'Laden Sie diese Seite neu: Sie ist möglicherweise älter als der Dienst.',
  'failure.unknown_model.happened': 'Der Dienst bietet dieses Modell nicht an',
  'failure.unknown_model.advice':
    'Laden Sie diese Seite neu: Das Modell wurde möglicherweise ersetzt.',
  'failure.not_found.happened': 'Der Dienst kennt diese Adresse nicht',
  'failure.not_found.advice':
    'Laden Sie diese Seite neu: Sie ist möglicherweise älter als der Dienst.',
  'failure.method_not_allowed.happened': 'Der Dienst nimmt diese Art von Anfrage nicht an',
  'failure.method_not_allowed.advice':
    'Laden Sie diese Seite neu: Sie ist möglicherweise älter als der Dienst.',
  'failure.rate_limited.happened': 'Zu viele Anfragen in kurzer Zeit',
  'failure.rate_limited.advice': 'Warten Sie einen Augenblick und versuchen Sie es dann erneut.',
  'failure.not_ready.happened': 'Der Dienst ist noch nicht bereit',
  'failure.not_ready.advice':
    'Das Modell wird noch geladen. Versuchen Sie es in einem Augenblick erneut.',
  'failure.overloaded.happened': 'Der Dienst ist ausgelastet',
  'failure.overloaded.advice':
    'Andere Anfragen sind zuerst an der Reihe. Versuchen Sie es in einem Augenblick erneut.',
  'failure.internal.happened': 'Der Dienst ist an dieser Studie gescheitert',
  'failure.internal.advice':
    'Melden Sie das dem Betreiber. Die Anfragenummer unten kennzeichnet den Fehler im Protokoll.',
  'failure.unreachable.happened': 'Der Dienst ist nicht erreichbar',
  'failure.unreachable.advice':
    'Prüfen Sie die Verbindung und versuchen Sie es dann erneut. Die Studie bleibt hier.',
  'failure.unreadable_answer.happened': 'Die Antwort war nicht lesbar',
  'failure.unreadable_answer.advice':
    'Möglicherweise ist etwas zwischen dieser Seite und dem Dienst falsch konfiguriert. Melden Sie das dem Betreiber.',
  'failure.unknown.happened': 'Der Dienst hat diese Studie abgelehnt',
  'failure.wait.one': 'Der Dienst bittet Sie, 1 Sekunde zu warten.',
  'failure.wait.other': 'Der Dienst bittet Sie, {count} Sekunden zu warten.',
  'failure.nothing_to_report.happened': 'Es gibt nichts zu berichten',
  'failure.nothing_to_report.advice':
    'Die Eingabe sieht nicht wie ein MRT des Gehirns aus. Daher gibt es keinen Bericht.',
  'failure.no_dicom_origin.happened': 'Die Ergebnisse können nicht als DICOM geschrieben werden',
  'failure.no_dicom_origin.advice':
    'Nur eine Studie, die als DICOM gesendet wurde, kann ihre Ergebnisse als DICOM bekommen.',
};
