import { assignClassColors } from '../../../frontend/src/answer/class-colors.js';

test('a known class keeps its colour whatever else the model knows', () => {
  const four = assignClassColors(['glioma', 'meningioma', 'no_tumor', 'pituitary']);
  const two = assignClassColors(['lymphoma', 'no_tumor']);
  expect(four.get('glioma')).toBe('#d55e00');
  expect(two.get('no_tumor')).toBe(four.get('no_tumor'));
});

test('unknown classes get colours of their own, apart from the known ones', () => {
  const names = [
    'glioma',
    'lymphoma',
    'metastasis',
    'meningioma',
    'abscess',
    'pituitary',
    'no_tumor',
  ];
  const colors = [...assignClassColors(names).values()];
  expect(new Set(colors).size).toBe(names.length);
});

test('a model of very many classes still has a colour for each', () => {
  const names = Array.from({ length: 12 }, (_, index) => `class_${index}`);
  for (const color of assignClassColors(names).values()) expect(color).toMatch(/^#[0-9a-f]{6}$/);
});
