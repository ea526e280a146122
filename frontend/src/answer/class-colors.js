// Okabe & Ito, "Color Universal Design" (2008): distinguishable with every kind of colour vision.
const KNOWN = new Map([
  ['glioma', '#d55e00'],
  ['meningioma', '#0072b2'],
  ['pituitary', '#f0e442'],
  ['no_tumor', '#009e73'],
]);

const REMAINING = ['#e69f00', '#56b4e9', '#cc79a7', '#999999'];

/**
 * One colour for each class: a known class keeps its own in every model.
 * @param {string[]} classNames
 * @returns {Map<string, string>}
 */
export function assignClassColors(classNames) {
  const colors = new Map();
  let unknownCount = 0;
  for (const name of classNames) {
    const fallback = /** @type {string} */ (REMAINING[unknownCount % REMAINING.length]);
    const known = KNOWN.get(name);
    colors.set(name, known ?? fallback);
    if (known === undefined) unknownCount += 1;
  }
  return colors;
}

/**
 * The colour of a heat map.
 * @param {import('../api/client.js').PredictionAnswer} prediction
 * @param {string} kind of tumour that it explains
 */
export function findHeatColor({ probabilities }, kind) {
  return assignClassColors(Object.keys(probabilities ?? {})).get(kind) ?? '#e69f00';
}
