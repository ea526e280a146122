/** Every reason and every warning of the service in German, by its code. */
export const SERVICE = {
  'reason.tumor_assumed.staff':
    'Dieses Modell unterscheidet Tumorarten. Es setzt einen Tumor voraus und prüft nicht, ob einer vorhanden ist.',
  'reason.tumor_assumed.patient':
    'Diesem Programm wurde gesagt, dass ein Tumor da ist. Es hat nicht nach einem gesucht.',
  'reason.tumor_and_none_possible.staff':
    'Tumor und kein Tumor bleiben beide möglich: Die Vorhersagemenge enthält beides.',
  'reason.tumor_and_none_possible.patient':
    'Das Programm kann auf diesem Bild nicht erkennen, ob ein Tumor da ist. Eine Ärztin oder ein Arzt muss es ansehen.',
  'reason.several_kinds_possible.staff':
    'Mehr als eine Tumorart bleibt möglich: Die Vorhersagemenge enthält mehrere.',
  'reason.several_kinds_possible.patient':
    'Das Programm sieht etwas, das ein Tumor sein kann. Welcher, kann es nicht sagen. Eine Ärztin oder ein Arzt muss das Bild ansehen.',
  'reason.low_confidence.staff':
    'Die wahrscheinlichste Klasse ist nicht wahrscheinlich genug, um als Antwort zu gelten.',
  'reason.low_confidence.patient':
    'Das Programm ist nicht sicher genug für eine Antwort. Eine Ärztin oder ein Arzt muss das Bild ansehen.',
  'reason.tumor_not_excluded.staff':
    '„Kein Tumor“ ist die wahrscheinlichste Klasse, aber die Tumorwahrscheinlichkeit ist zu hoch, um einen Tumor auszuschließen.',
  'reason.tumor_not_excluded.patient':
    'Das Programm kann einen Tumor nicht ausschließen. Eine Ärztin oder ein Arzt muss das Bild ansehen.',
  'reason.sequence_cannot_exclude.staff':
    'Auf {sequence} übersieht das Modell mehr Tumoren: Bei dieser Wahrscheinlichkeit kann es keinen ausschließen. Auf {able} könnte es das.',
  'reason.sequence_cannot_exclude.patient':
    'Diese Art von Bild reicht dem Programm nicht, um einen Tumor auszuschließen. Eine Ärztin oder ein Arzt muss es ansehen.',
  'reason.kind_cannot_exclude.staff':
    'Mit Bildern dieser Art wurde das Modell nicht trainiert: Es kann auf ihnen keinen Tumor ausschließen.',
  'reason.kind_cannot_exclude.patient':
    'Diese Art von Bild reicht dem Programm nicht, um einen Tumor auszuschließen. Eine Ärztin oder ein Arzt muss es ansehen.',
  'reason.not_brain_mri.staff':
    'Das Bild gleicht nicht den Schädel-MRT, mit denen das Modell trainiert wurde.',
  'reason.not_brain_mri.patient':
    'Das sieht nicht wie ein MRT-Bild eines Kopfes aus. Das Programm kann nichts dazu sagen.',
  'reason.like_ct.staff':
    'Das Bild gleicht einem CT: Ein geschlossener heller Rand, wie Knochen, umgibt dunkleren Inhalt. Das Modell liest nur MRT.',
  'reason.like_ct.patient':
    'Das sieht wie ein CT-Bild aus. Das Programm ist für MRT-Bilder gemacht. Zu diesem Bild kann es nichts sagen.',
  'reason.constant.staff': 'Das Bild ist leer: Fast alles hat dieselbe Graustufe.',
  'reason.constant.patient': 'Dieses Bild ist leer. Das Programm kann nichts dazu sagen.',
  'reason.few_grey_levels.staff': 'Das Bild ist schwarz-weiß wie Text oder eine Zeichnung.',
  'reason.few_grey_levels.patient':
    'Das sieht wie Text oder eine Zeichnung aus. Das Programm kann nichts dazu sagen.',
  'reason.coloured.staff': 'Das Bild ist durchgehend farbig wie ein Foto.',
  'reason.coloured.patient': 'Das sieht wie ein Farbfoto aus. Das Programm kann nichts dazu sagen.',
  'reason.too_small.staff': 'Das Bild hat zu wenige Pixel, um einen Kopf zu zeigen.',
  'reason.too_small.patient': 'Dieses Bild ist zu klein. Das Programm kann nichts dazu sagen.',
  'reason.too_narrow.staff':
    'Das Bild ist ein schmaler Streifen und kann keinen ganzen Kopf zeigen.',
  'reason.too_narrow.patient':
    'Dieses Bild ist nur ein Streifen. Das Programm kann nichts dazu sagen.',
  'reason.tiled_image.staff':
    'Das Bild zeigt mehrere Schichten nebeneinander. Senden Sie jede Schicht als eigenes Bild oder die Serie selbst.',
  'reason.tiled_image.patient':
    'Hier sind viele Bilder nebeneinander zu sehen. Das Programm kann nur ein Bild auf einmal lesen.',
  'reason.most_slices_refused.staff':
    'Mehr als die Hälfte der ausgewerteten Schichten sieht nicht wie ein Schädel-MRT aus.',
  'reason.most_slices_refused.patient':
    'Die meisten dieser Bilder sehen nicht wie ein MRT eines Kopfes aus. Das Programm kann nichts dazu sagen.',

  'warning.multiple_frames': 'Die Datei enthält mehrere Bilder. Nur das erste wurde gelesen.',
  'warning.exif_rotated':
    'Die EXIF-Daten der Datei verlangen eine Drehung oder Spiegelung. Sie wurde angewandt.',
  'warning.mostly_coloured': 'Das Bild ist durchgehend farbig wie ein Foto.',
  'warning.colour_picture': 'Das Bild ist farbig. Nur seine Helligkeit wurde verwendet.',
  'warning.files_left_out':
    '{left_out} von {total} Dateien waren nicht lesbar. Sie wurden ausgelassen.',
  'warning.other_files_left_out': 'Andere Dateien wurden ausgelassen: {count} ({kinds}).',
  'warning.series_chosen':
    'Der Upload enthält {series} Serien. Eine davon wurde gelesen ({files} Dateien).',
  'warning.slices_left_out':
    'Schichten, die in Größe oder Ausrichtung von den übrigen abweichen, wurden ausgelassen: {count}.',
  'warning.duplicate_slices':
    'Schichten an derselben Position wie eine andere wurden ausgelassen: {count}. Gelesen wurde ein ganzer Stapel (Magnitude, niedrigster b-Wert, erstes Echo oder erster Zeitpunkt).',
  'warning.missing_slices': 'Die Schichtabstände sind ungleich: Es fehlen Schichten.',
  'warning.first_stack':
    'Die Datei enthält mehrere Schichtstapel (Echos, Diffusionsgewichtungen oder Zeitpunkte). Nur einer wurde gelesen.',
  'warning.first_volume': 'Die Datei enthält mehrere Volumen. Nur das erste wurde gelesen.',
  'warning.no_spacing':
    'Die Datei nennt keinen gültigen Abstand der Pixel oder Schichten. 1 mm wurde angenommen.',
  'warning.no_position':
    'Die Schichten geben ihre Lage nicht an. Schichtposition oder Nummer gab ihre Reihenfolge.',
  'warning.sheared': 'Die Schichten sind gegeneinander verschoben. Andere Ebenen sind verzerrt.',
  'warning.slices_on_fourth_axis':
    'Die Datei enthält Volumen aus einer Schicht. Sie wurden als Schichten eines Volumens gelesen.',
  'warning.unlikely_size':
    'Nach dem angegebenen Pixelabstand ist das Bild {extent_mm} mm lang. So groß ist kein Bild eines menschlichen Kopfes.',
  'warning.no_orientation':
    'Die Datei nennt nicht die Ausrichtung der Schichten. Axiale Schichten wurden angenommen.',
  'warning.not_finite':
    'Einige Voxel sind keine endlichen Zahlen. Sie wurden auf den dunkelsten Wert gesetzt.',
  'warning.constant': 'Alle Voxel haben denselben Wert.',
  'warning.segmentation_left_out':
    'Auch eine Segmentierung wurde hochgeladen. Sie wurde nicht verwendet.',
  'warning.sequence_chosen':
    'Mehrere Sequenzen wurden hochgeladen. Das Modell liest nur eine und hat {sequence} gelesen.',
  'warning.secondary_capture':
    'Die Datei ist kein originales MR-Bild: Sie ist eine Bildschirmaufnahme oder nennt kein MR-Gerät als Quelle.',
  'warning.other_body_part': 'Die Datei nennt einen anderen Körperteil als den Kopf.',
  'warning.localizer': 'Das Bild ist ein Localizer (eine Planungsaufnahme).',
  'warning.derived_map':
    'Das Bild ist aus anderen berechnet, oder es zeigt Phase, Real- oder Imaginärteil. Mit solchen Bildern wurde das Modell nicht trainiert.',
  'warning.low_resolution':
    'Der Kopf ist {head_px} Pixel breit, die Eingabe des Modells {model_px}: Kleine Tumoren sind nicht zu sehen.',
  'warning.clipped_intensities':
    '{share} der Pixel des Kopfes haben den hellsten Wert: Details gehen verloren.',
  'warning.sequence_hardly_seen':
    'Die Datei nennt {sequence}. Tumoren hat das Modell fast nur aus {trained} gelernt.',
  'warning.kind_hardly_seen':
    'Die Datei nennt {kind}. Mit solchen Bildern wurde das Modell nicht trainiert.',
  'warning.plane_hardly_seen':
    'Die Schicht liegt schräg. Das Modell wurde mit axialen, koronaren und sagittalen Schichten trainiert.',

  'kind.text': 'Text',
  'kind.Office document': 'Office-Dokumente',
  'kind.mask': 'Masken oder Karten',
  'kind.empty': 'leer',
  'kind.functional': 'funktionelle oder Diffusionsbilder',
  'kind.image': 'Bilder',
  'kind.unknown': 'unbekannt',

  'image_kind.susceptibility': 'ein T2*- oder suszeptibilitätsgewichtetes Bild (nicht T2)',
  'image_kind.diffusion': 'ein Diffusionsbild',
  'image_kind.perfusion': 'ein Perfusionsbild',
  'image_kind.functional': 'ein funktionelles Bild',
  'image_kind.angiography': 'eine Angiographie',
  'image_kind.field_map': 'eine Feldkarte',

  'sequence.flair': 'FLAIR',
  'sequence.t1': 'T1 ohne Kontrastmittel',
  'sequence.t1ce': 'T1 mit Kontrastmittel',
  'sequence.t2': 'T2',
};
