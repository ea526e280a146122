/**
 * Intended use and limits of the model that ships, by their English text: a manifest has no codes.
 * @type {Record<string, string>}
 */
export const MANIFEST_SENTENCES = {
  'Research and evaluation: a second look at slices, series and volumes of brain MRI by people trained to read them. Investigational, not for diagnostic use.':
    'Forschung und Erprobung: ein zweiter Blick auf Schichten, Serien und Volumen des Schädel-MRT durch Menschen, die gelernt haben, sie zu lesen. In Erprobung, nicht zur diagnostischen Verwendung.',
  'It judges one slice at a time and knows three kinds of tumour. It has not learned other lesions, and can call those of multiple sclerosis a tumour.':
    'Es beurteilt jeweils eine Schicht und kennt drei Tumorarten. Andere Läsionen hat es nicht gelernt, und die einer Multiplen Sklerose kann es für einen Tumor halten.',
  'It leaves about one slice in five of collections like its own uncertain, and more of others. It refuses most pictures that are not a brain MRI, not all.':
    'In Sammlungen wie denen seines Trainings lässt es etwa jede fünfte Schicht unentschieden, in anderen mehr. Die meisten Bilder, die kein Schädel-MRT sind, lehnt es ab, nicht alle.',
  "It answers 'no_tumor' to about four of five whole heads without a tumour, and leaves most thick stacks that are not axial uncertain.":
    'Bei etwa vier von fünf ganzen Köpfen ohne Tumor antwortet es „Kein Tumor“; die meisten dicken Stapel, die nicht axial sind, lässt es unentschieden.',
  'It learned tumours from contrast-enhanced T1 and FLAIR. On plain T1 and T2 it learned them almost only from synthetic lesions, and misses more of them.':
    'Tumoren hat es aus T1 mit Kontrastmittel und FLAIR gelernt. In T1 ohne Kontrastmittel und T2 kennt es sie fast nur als künstliche Läsionen und übersieht mehr.',
  'It learned the kinds of tumour almost only from contrast-enhanced T1. On other sequences the kind is unreliable.':
    'Die Tumorarten hat es fast nur aus T1 mit Kontrastmittel gelernt. Bei anderen Sequenzen ist die Art unzuverlässig.',
  'It misses small tumours, tumours at the skull base and the outermost slices of a tumour more often.':
    'Kleine Tumoren, Tumoren an der Schädelbasis und die äußersten Schichten eines Tumors übersieht es häufiger.',
  "Some 'no tumour' training pictures show other disease: 'no_tumor' does not mean healthy.":
    'Manche Trainingsbilder ohne Tumor zeigen andere Krankheiten: „Kein Tumor“ heißt nicht gesund.',
  'Nothing was measured at your site.': 'An Ihrem Standort wurde nichts gemessen.',
};
