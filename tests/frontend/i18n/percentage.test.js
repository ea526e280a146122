import {
  formatPercentage,
  formatProgress,
  formatShare,
} from '../../../frontend/src/i18n/percentage.js';

describe('a probability as a percentage', () => {
  test.each([
    [0, '< 1 %'],
    [0.0099, '< 1 %'],
    [0.01, '1 %'],
    [0.0149, '1 %'],
    [0.5, '50 %'],
    [0.962, '96 %'],
    [0.99, '99 %'],
    [0.9901, '> 99 %'],
    [1, '> 99 %'],
  ])('%d is written %s', (probability, words) => {
    expect(formatPercentage(probability).replaceAll('\u00a0', ' ')).toBe(words);
  });

  test('never breaks over two lines', () => {
    expect(formatPercentage(0.001)).not.toContain(' ');
  });
});

test('progress is 100 % only when all is done', () => {
  expect(formatProgress(0.999)).toBe('99\u00a0%');
  expect(formatProgress(1)).toBe('100\u00a0%');
});

test('a share of what was counted may be nothing or all, but not nothing where there is some', () => {
  expect(formatShare(0)).toBe('0\u00a0%');
  expect(formatShare(0.004)).toBe('<\u00a01\u00a0%');
  expect(formatShare(1)).toBe('100\u00a0%');
});
