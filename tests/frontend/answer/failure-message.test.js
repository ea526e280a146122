import {
  canRetry,
  describeFailure,
  describeWait,
} from '../../../frontend/src/answer/failure-message.js';
import { ServiceFailure } from '../../../frontend/src/api/failure.js';
import { LANGUAGES, setLanguage } from '../../../frontend/src/i18n/translate.js';

afterEach(() => setLanguage('en'));

const CODES_OF_THE_CONTRACT = [
  'no_file',
  'mixed_study',
  'not_one_examination',
  'missing_api_key',
  'wrong_api_key',
  'forbidden_origin',
  'unknown_host',
  'upload_too_slow',
  'took_too_long',
  'upload_too_large',
  'image_too_large',
  'too_many_slices',
  'too_many_files',
  'expands_too_much',
  'unsupported_format',
  'corrupt_file',
  'not_an_mr_image',
  'not_an_anatomical_image',
  'tiled_image',
  'not_a_brain',
  'unknown_series',
  'no_pixel_data',
  'missing_modality',
  'invalid_request',
  'not_found',
  'method_not_allowed',
  'rate_limited',
  'not_ready',
  'overloaded',
  'internal',
];

const CODES_OF_THE_CLIENT = ['unreachable', 'unreadable_answer'];

describe.each(LANGUAGES)('in %s', (language) => {
  beforeEach(() => setLanguage(language));

  test.each([...CODES_OF_THE_CONTRACT, ...CODES_OF_THE_CLIENT])(
    '%s is said in words of the page',
    (code) => {
      const failure = new ServiceFailure({ code, title: 'a title', detail: 'a detail' });
      const { happened, advice } = describeFailure(failure);
      expect(happened).toMatch(/^[A-Z][^.]+$/);
      expect(advice.text).toMatch(/^[A-Z].+\.$/);
      expect(advice.language).toBe(language);
      expect(`${happened} ${advice.text}`).not.toContain('a title');
      expect(`${happened} ${advice.text}`).not.toContain(code);
    },
  );

  test.each(['brand_new', 'constructor', '__proto__'])(
    'an unknown code (%s) falls back to what the service says, in its language',
    (code) => {
      const failure = new ServiceFailure({ code, title: 'Teapot', detail: 'Short and stout.' });
      expect(describeFailure(failure).advice).toEqual({
        text: 'Teapot: Short and stout.',
        language: 'en',
      });
    },
  );
});

test.each([
  [{ code: 'upload_too_slow', status: 408 }, true],
  [{ code: 'rate_limited', status: 429 }, true],
  [{ code: 'overloaded', status: 503 }, true],
  [{ code: 'unreachable' }, true],
  [{ code: 'unsupported_format', status: 415 }, false],
  [{ code: 'internal', status: 500 }, false],
])('trying again after %j is offered: %s', (description, offered) => {
  expect(canRetry(new ServiceFailure(description))).toBe(offered);
});

test.each([
  [null, ''],
  [1, 'The service asks you to wait 1 second.'],
  [30, 'The service asks you to wait 30 seconds.'],
])('a wait of %s seconds is said as "%s"', (retryAfterS, sentence) => {
  expect(describeWait(new ServiceFailure({ code: 'overloaded', retryAfterS }))).toBe(sentence);
});
