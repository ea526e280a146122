/** @typedef {import('../state/session.js').Study} Study */
/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */

// Excel reads a file without it in an older encoding.
const BYTE_ORDER_MARK = '\ufeff';
const LINE_END = '\r\n';
const BETWEEN = ' | ';

// A spreadsheet runs a cell that begins like this. It may split cells elsewhere, a German Excel at semicolons, others at
// tabs, so what follows these counts as well. Some drop leading spaces, or treat full-width characters as plain ones.
const FORMULA = /(?<=(?:^|[;,\t\r\n"])[^\S\t\r\n]*)(?=[=+\-@\t\r＝＋－＠])/gu;

/**
 * The session as a table (RFC 4180): one line for each study, failed ones included.
 * @param {Study[]} studies
 * @returns {string}
 */
export function writeSessionCsv(studies) {
  const classNames = listClassNames(studies);
  const header = [
    'name',
    'state',
    'decision',
    'label',
    'tumor_probability',
    ...classNames.map((name) => `probability_${name}`),
    'prediction_set',
    'reasons',
    'warnings',
    'failure',
    'format',
    'input_sha256',
    'model_name',
    'model_version',
    'model_sha256',
    'request_id',
    'analysed_at',
    'notice',
  ];
  const rows = studies.map((study) => listCells(study, classNames));
  return BYTE_ORDER_MARK + [header, ...rows].map((cells) => writeLine(cells)).join('');
}

/** @param {Study[]} studies */
function listClassNames(studies) {
  const names = studies.flatMap((study) => Object.keys(findAnswer(study)?.probabilities ?? {}));
  return [...new Set(names)];
}

/**
 * @param {Study} study
 * @returns {PredictionAnswer | null} what the page shows of it
 */
function findAnswer({ phase, prediction }) {
  return phase === 'done' ? prediction : null;
}

/**
 * @param {Study} study
 * @param {string[]} classNames
 * @returns {(string | number | null | undefined)[]}
 */
function listCells(study, classNames) {
  const answer = findAnswer(study);
  const failure = study.phase === 'failed' ? study.failure : null;
  return [
    study.name,
    study.phase,
    answer?.decision,
    answer?.label,
    answer?.tumor_probability,
    ...classNames.map((name) => answer?.probabilities?.[name]),
    answer?.prediction_set?.join(' '),
    answer?.reasons.map(({ message }) => message).join(BETWEEN),
    answer?.input.warnings.map(({ message }) => message).join(BETWEEN),
    failure?.code,
    answer?.input.format,
    answer?.input.sha256,
    answer?.model.name,
    answer?.model.version,
    answer?.model.sha256,
    answer === null ? failure?.requestId : study.requestId,
    answer === null || study.answeredAt === null ? null : new Date(study.answeredAt).toISOString(),
    answer?.notice,
  ];
}

/** @param {(string | number | null | undefined)[]} cells */
function writeLine(cells) {
  return cells.map(writeCell).join(',') + LINE_END;
}

/** @param {string | number | null | undefined} value */
function writeCell(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  return `"${disarm(value).replaceAll('"', '""')}"`;
}

/**
 * @param {string} text
 * @returns {string} with an apostrophe before what a spreadsheet would run
 */
function disarm(text) {
  return text.replace(FORMULA, "'");
}
