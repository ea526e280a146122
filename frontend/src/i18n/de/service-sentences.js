/**
 * The service's sentences in German, by its codes. A warning's code may have several sentences, some with values: a
 * `$1` is what the pattern's first group found in the English one.
 * @typedef {{ pattern: RegExp, says: string }} WarningForm
 */

/** @type {Record<string, { staff: string, patient: string }>} */
export const REASONS = {
  tumor_assumed: {
    staff:
      'Dieses Modell unterscheidet Arten von Tumoren. Es setzt voraus, dass ein Tumor da ist, und hat nicht nach einem gesucht.',
    patient:
      'Diesem Programm wurde gesagt, dass ein Tumor da ist. Es hat nicht nach einem gesucht.',
  },
  tumor_and_none_possible: {
    staff:
      'Bei der angegebenen Abdeckung enthält die Vorhersagemenge sowohl Tumor als auch keinen.',
    patient:
      'Das Programm kann an diesem Bild nicht erkennen, ob ein Tumor da ist. Eine Ärztin oder ein Arzt muss es ansehen.',
  },
  several_kinds_possible: {
    staff: 'Bei der angegebenen Abdeckung enthält die Vorhersagemenge mehr als eine Art von Tumor.',
    patient:
      'Das Programm sieht etwas, das ein Tumor sein kann, und kann die Art nicht erkennen. Eine Ärztin oder ein Arzt muss es ansehen.',
  },
  low_confidence: {
    staff:
      'Die wahrscheinlichste Klasse ist weniger wahrscheinlich, als dieser Arbeitspunkt verlangt.',
    patient:
      'Das Programm ist für eine Antwort nicht sicher genug. Eine Ärztin oder ein Arzt muss das Bild ansehen.',
  },
  tumor_not_excluded: {
    staff:
      'Kein Tumor ist wahrscheinlicher als ein Tumor, aber nicht um so viel, wie dieser Arbeitspunkt verlangt.',
    patient:
      'Das Programm kann einen Tumor nicht ausschließen. Eine Ärztin oder ein Arzt muss das Bild ansehen.',
  },
  not_brain_mri: {
    staff:
      'Nach den Merkmalen des Modells gleicht das Bild keinem Hirn-MRT, aus dem es entstanden ist.',
    patient:
      'Das sieht nicht wie ein MRT-Bild eines Kopfes aus. Das Programm kann nichts dazu sagen.',
  },
  like_ct: {
    staff:
      'Ein geschlossener Rand, hell wie Knochen, umgibt Dunkleres, wie in einem CT; das Modell kennt nur MRT.',
    patient:
      'Das sieht wie ein CT-Bild aus. Das Programm ist für MRT-Bilder gemacht und kann nichts dazu sagen.',
  },
  constant: {
    staff: 'Das Bild hat nur eine Graustufe, oder fast.',
    patient: 'Dieses Bild ist leer. Das Programm kann nichts dazu sagen.',
  },
  few_grey_levels: {
    staff: 'Das Bild ist schwarz-weiß wie Text oder eine Zeichnung.',
    patient: 'Das sieht wie Text oder eine Zeichnung aus. Das Programm kann nichts dazu sagen.',
  },
  coloured: {
    staff: 'Das Bild ist durchgehend farbig wie ein Foto.',
    patient: 'Das sieht wie ein Farbfoto aus. Das Programm kann nichts dazu sagen.',
  },
  too_small: {
    staff: 'Das Bild hat zu wenige Pixel, um einen Kopf zu zeigen.',
    patient: 'Dieses Bild ist zu klein. Das Programm kann nichts dazu sagen.',
  },
  too_narrow: {
    staff: 'Das Bild ist ein Streifen, viel länger als breit.',
    patient: 'Dieses Bild ist nur ein Streifen. Das Programm kann nichts dazu sagen.',
  },
  most_slices_refused: {
    staff: 'Mehr als die Hälfte der beurteilten Schichten wurde nicht als Hirn-MRT erkannt.',
    patient:
      'Die meisten dieser Bilder sehen nicht wie ein MRT eines Kopfes aus. Das Programm kann nichts dazu sagen.',
  },
};

/**
 * @param {RegExp} pattern
 * @param {string} says
 * @returns {WarningForm}
 */
function form(pattern, says) {
  return { pattern, says };
}

const ANY = /^/;

/** @type {Record<string, WarningForm[]>} */
export const WARNINGS = {
  low_resolution: [
    form(
      /^The head is (\d+) pixels large, the model looks at (\d+):/,
      'Der Kopf ist $1 Pixel groß, das Modell betrachtet $2: Kleine Tumoren sind nicht zu sehen.',
    ),
  ],
  clipped_intensities: [
    form(
      /^(\d+)% of the head/,
      '$1\u00a0% des Kopfes haben den hellsten Wert: Einzelheiten fehlen.',
    ),
  ],
  sequence_hardly_seen: [
    form(
      /^This is T1 without contrast agent by its file; .* only from T1 with contrast agent\.$/,
      'Laut Datei ist dies T1 ohne Kontrastmittel; das Modell hat Tumoren fast nur aus T1 mit Kontrastmittel gelernt.',
    ),
    form(
      /^This is (FLAIR|T2) by its file; .* only from T1 with contrast agent\.$/,
      'Laut Datei ist dies $1; das Modell hat Tumoren fast nur aus T1 mit Kontrastmittel gelernt.',
    ),
  ],
  plane_hardly_seen: [
    form(ANY, 'Die Schicht liegt schräg im Kopf; das Modell hat aus geraden Ebenen gelernt.'),
  ],
  sequence_chosen: [
    form(
      /of those sent, (\w+) was read/,
      'Das Modell liest eine einzige Sequenz; von den gesendeten wurde $1 gelesen.',
    ),
  ],
  series_chosen: [
    form(
      /^Of (\d+) series, .* it has (\d+) files/,
      'Von $1 Serien wurde die gelesen, die das Modell am besten kennt; sie hat $2 Dateien.',
    ),
  ],
  files_left_out: [form(/^(\d+) of (\d+) files/, '$1 von $2 Dateien wurden nicht gelesen.')],
  slices_left_out: [
    form(/^(\d+) slices/, '$1 Schichten liegen anders als die übrigen und wurden ausgelassen.'),
  ],
  duplicate_slices: [
    form(
      /^(\d+) slices/,
      '$1 Schichten liegen, wo schon eine andere liegt, und wurden ausgelassen.',
    ),
  ],
  missing_slices: [form(ANY, 'Die Schichten haben ungleiche Abstände: Es fehlen welche.')],
  multiple_frames: [form(ANY, 'Die Datei enthält mehrere Bilder; das erste wurde gelesen.')],
  first_volume: [form(ANY, 'Die Datei enthält mehrere Volumen; das erste wurde gelesen.')],
  first_stack: [form(ANY, 'Die Datei enthält mehrere Schichtstapel; einer davon wurde gelesen.')],
  exif_rotated: [
    form(ANY, 'Die Datei verlangt, gedreht oder gespiegelt gezeigt zu werden: Das ist geschehen.'),
  ],
  mostly_coloured: [form(ANY, 'Das Bild ist durchgehend farbig.')],
  colour_picture: [form(ANY, 'Die Aufnahme ist farbig; nur ihre Helligkeit wurde benutzt.')],
  not_finite: [form(ANY, 'Einige Voxel enthalten keine Zahl; sie wurden dunkel gemacht.')],
  constant: [form(ANY, 'Alle Voxel haben denselben Wert.')],
  no_spacing: [
    form(
      /1 mm was assumed/,
      'Die Datei nennt keine sinnvolle Größe eines Voxels; 1 mm wurde angenommen.',
    ),
    form(/how large a pixel is/, 'Die Dateien sagen nicht, wie groß ein Pixel ist.'),
  ],
  no_orientation: [
    form(
      /axial ones were assumed/,
      'Die Dateien sagen nicht, wie die Schichten liegen; axiale wurden angenommen.',
    ),
    form(/how its axes lie/, 'Die Datei sagt nicht, wie ihre Achsen im Körper liegen.'),
  ],
  secondary_capture: [
    form(/does not say/, 'Die Datei sagt nicht, dass sie von einem MR-Gerät stammt.'),
    form(/captured picture/, 'Die Datei ist ein abfotografiertes Bild, nicht das des Geräts.'),
  ],
  other_body_part: [
    form(ANY, 'Die Datei sagt, dass sie einen anderen Körperteil als den Kopf zeigt.'),
  ],
  localizer: [form(ANY, 'Das Bild ist eine Übersicht, mit der die anderen geplant wurden.')],
  derived_map: [
    form(ANY, 'Das Bild wurde aus anderen errechnet; solche Karten kennt das Modell nicht.'),
  ],
  segmentation_left_out: [
    form(ANY, 'Eine Segmentierung wurde mitgesendet; sie wurde nicht betrachtet.'),
  ],
};

/**
 * What the model that ships says of itself, by its English words: a manifest has no codes.
 * @type {Record<string, string>}
 */
export const MODEL_SENTENCES = {
  'Research and evaluation: a second look at slices, series and volumes of brain MRI by people trained to read them. Investigational, not for diagnostic use.':
    'Forschung und Erprobung: ein zweiter Blick auf Schichten, Serien und Volumen des Hirn-MRT durch Menschen, die gelernt haben, sie zu lesen. In Erprobung, nicht zur diagnostischen Verwendung.',
  'It judges one slice at a time and knows three kinds of tumour; other lesions are outside of what it learned.':
    'Es beurteilt eine Schicht nach der anderen und kennt drei Arten von Tumoren; andere Läsionen liegen außerhalb dessen, was es gelernt hat.',
  "It says 'uncertain' of about one slice in five, and refuses most of what is no brain MRI; not all of it.":
    'Von etwa jeder fünften Schicht sagt es „nicht sicher“, und das meiste, was kein Hirn-MRT ist, weist es ab; nicht alles.',
  'Tumour kinds come almost only from contrast-enhanced T1; on other sequences the kind is a guess.':
    'Die Arten von Tumoren kennt es fast nur aus T1 mit Kontrastmittel; bei anderen Sequenzen ist die Art geraten.',
  "Small tumours, tumours at the skull base and slices at a tumour's edge are missed more often.":
    'Kleine Tumoren, Tumoren an der Schädelbasis und Schichten am Rand eines Tumors werden häufiger übersehen.',
  "Some 'no tumour' training pictures show other disease; 'no_tumor' does not mean healthy.":
    'Manche Trainingsbilder ohne Tumor zeigen andere Krankheiten; „kein Tumor“ heißt nicht gesund.',
  'The validation patients chose the temperature; the figures were not measured at a site of yours.':
    'Die zurückgehaltenen Patienten haben die Temperatur bestimmt; an Ihrem Standort wurde nichts gemessen.',
};
