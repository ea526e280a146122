import { ServiceFailure } from '../../../frontend/src/api/failure.js';
import { writeSessionCsv } from '../../../frontend/src/report/session-csv.js';
import { makePrediction, makeStudy } from '../factories.mjs';

/**
 * As RFC 4180 reads it.
 * @param {string} csv
 * @returns {string[][]}
 */
function readCsv(csv) {
  /** @type {string[][]} */
  const rows = [[]];
  for (const [, cell = '', end] of csv.slice(1).matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/g)) {
    rows.at(-1)?.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end !== ',') rows.push([]);
  }
  return rows.slice(0, -1);
}

/** @param {string} csv */
function readRecords(csv) {
  const [header = [], ...rows] = readCsv(csv);
  return rows.map((cells) => Object.fromEntries(header.map((name, at) => [name, cells[at]])));
}

test('a study is a line with its decision, its figures and their provenance', () => {
  const prediction = makePrediction({
    prediction_set: ['glioma', 'meningioma'],
    reasons: [
      { code: 'a', message: 'First, this.', params: {}, patient_message: '' },
      { code: 'b', message: 'Then "that".', params: {}, patient_message: '' },
    ],
  });
  const answeredAt = Date.UTC(2026, 2, 1, 12, 30);
  const study = makeStudy({ phase: 'done', prediction, requestId: 'r-1', answeredAt });
  expect(readRecords(writeSessionCsv([study]))).toEqual([
    {
      name: 'scan.png',
      state: 'done',
      decision: 'tumor',
      label: 'glioma',
      tumor_probability: '0.981',
      probability_glioma: '0.962',
      probability_meningioma: '0.015',
      probability_no_tumor: '0.019',
      probability_pituitary: '0.004',
      prediction_set: 'glioma meningioma',
      reasons: 'First, this. | Then "that".',
      warnings: '',
      failure: '',
      format: 'png',
      input_sha256: '00',
      model_name: 'a-model',
      model_version: '1.2.0',
      model_sha256: '00',
      request_id: 'r-1',
      analysed_at: '2026-03-01T12:30:00.000Z',
      notice: 'Investigational. Not for diagnostic use.',
    },
  ]);
});

test('a study that failed keeps its line, with the code and the request', () => {
  const failure = new ServiceFailure({ code: 'corrupt_file', requestId: 'r-2' });
  const csv = writeSessionCsv([
    makeStudy({ phase: 'done', prediction: makePrediction() }),
    makeStudy({ phase: 'failed', failure }),
    makeStudy({ phase: 'waiting' }),
  ]);
  expect(readRecords(csv).slice(1)).toMatchObject([
    { state: 'failed', failure: 'corrupt_file', request_id: 'r-2', decision: '' },
    { state: 'waiting', failure: '', request_id: '', decision: '' },
  ]);
});

test('models with other classes share the table', () => {
  const other = makePrediction({ probabilities: { tumor: 0.7, no_tumor: 0.3 } });
  const csv = writeSessionCsv([
    makeStudy({ phase: 'done', prediction: makePrediction() }),
    makeStudy({ phase: 'done', prediction: other }),
  ]);
  expect(readRecords(csv)[1]).toMatchObject({ probability_tumor: '0.7', probability_glioma: '' });
});

test('it begins with a byte order mark for Excel, and its lines end as RFC 4180 requires', () => {
  const csv = writeSessionCsv([makeStudy()]);
  expect(csv.startsWith('\ufeff"name",')).toBe(true);
  expect(csv.match(/\r\n/g)).toHaveLength(2);
  expect(csv.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
});

test.each([
  ['=HYPERLINK("x")', `'=HYPERLINK("x")`],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(1)', "'@SUM(1)"],
  ['\t=1', "'\t'=1"],
  ['  =1', "  '=1"],
  ['＝1', "'＝1"],
  ['a;=1', "a;'=1"],
  ['a"=1', `a"'=1`],
  ['scan-1=2.png', 'scan-1=2.png'],
])('a study called %j is no formula in a spreadsheet', (name, shown) => {
  expect(readRecords(writeSessionCsv([makeStudy({ name })]))[0]?.name).toBe(shown);
});

test('a name with quotes, commas and line ends stays in its cell', () => {
  const name = 'a "b", c\r\nd';
  const csv = writeSessionCsv([makeStudy({ name })]);
  expect(csv).toContain('"a ""b"", c\r\nd","waiting"');
});
