import {
  describeFacts,
  describeLeftOut,
  describePlace,
} from '../../../frontend/src/answer/study-facts.js';
import { makePrediction, makeView, makeVolumePrediction } from '../factories.mjs';

test('the slice of a volume is counted from one, with its plane', () => {
  expect(describePlace(makeVolumePrediction().input)).toBe('Slice 6 of 10, axial');
});

test('a single slice has its plane where that is known', () => {
  const { input } = makePrediction();
  expect(describePlace(input)).toBe('');
  expect(describePlace({ ...input, plane: 'coronal' })).toBe('coronal');
});

test('the facts hold what was read: slices, plane, size, spacing and window', () => {
  const prediction = makeVolumePrediction();
  const facts = new Map(
    describeFacts({
      ...prediction,
      input: {
        ...prediction.input,
        format: 'dicom',
        modality: 'MR',
        spacing_mm: [0.9765625, 0.5],
        view: makeView({ window: { lower: 3.25, upper: 1234.56 } }),
      },
    }),
  );
  expect(facts.get('Scan')).toBe('DICOM MR, 10 slices, axial, 640 × 512 pixels');
  expect(facts.get('Pixel')).toBe('0.98 × 0.5 mm');
  expect(facts.get('Window')).toBe('3.25 to 1235');
});

test('files that were left out are counted', () => {
  expect(describeLeftOut(1)).toMatch(/^1 file of/);
  expect(describeLeftOut(12)).toMatch(/^12 files of/);
});
