import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readModelCard } from '../../../frontend/src/model/model-card.js';
import { makeModelAnswer } from '../factories.mjs';

test('a measured figure has its interval, its slices and its patients', () => {
  const { figures } = readModelCard(makeModelAnswer());
  expect(figures).toEqual([
    { name: 'accuracy', value: 0.9, low: 0.8, high: 0.95, n: 100, patients: 20 },
    { name: 'tumor_auc', value: 0.98, low: null, high: null, n: 100, patients: 1 },
  ]);
});

test('each operating point has its rates of answers', () => {
  const [screening] = readModelCard(makeModelAnswer()).points;
  expect(screening).toEqual({
    name: 'screening',
    answered: 0.8,
    right: 0.97,
  });
});

test('a model that was not calibrated, or measured in another way, has no figures', () => {
  const answer = makeModelAnswer();
  const card = readModelCard({
    ...answer,
    manifest: {
      ...answer.manifest,
      trust: null,
      metrics: {
        figures: { accuracy: 'high' },
        confusion_matrix: [[1]],
        roc: {
          glioma: { fpr: [0, 1], tpr: [0], auc: 1 },
          no_tumor: { fpr: '0', tpr: [0], auc: 1 },
        },
        calibration: [{ low: 0, high: 1, n: 10 }],
      },
      training: {},
    },
  });
  expect(card).toMatchObject({
    figures: [],
    classFigures: [],
    confusions: [],
    rocCurves: [],
    calibration: [],
    points: [],
    counts: [],
    trainingPatients: null,
  });
});

test('the card of the model that ships is complete', () => {
  const path = join(
    import.meta.dirname,
    '../../../backend/src/tumorscope/default_model/manifest.json',
  );
  const card = readModelCard({ sha256: '00', manifest: JSON.parse(readFileSync(path, 'utf8')) });
  for (const part of [
    'figures',
    'classFigures',
    'confusions',
    'rocCurves',
    'calibration',
    'points',
    'counts',
    'data',
    'limits',
  ]) {
    expect([part, card[/** @type {'figures'} */ (part)].length]).not.toEqual([part, 0]);
  }
});
