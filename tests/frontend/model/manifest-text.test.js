import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setLanguage } from '../../../frontend/src/i18n/translate.js';
import { translateManifestText } from '../../../frontend/src/model/manifest-text.js';

const MANIFEST = join(
  import.meta.dirname,
  '../../../backend/src/tumorscope/default_model/manifest.json',
);

afterEach(() => setLanguage('en'));

test('the texts of the model that ships are known in German, those of another stay English', () => {
  const { intended_use, limits } = JSON.parse(readFileSync(MANIFEST, 'utf8'));
  for (const text of [intended_use, ...limits]) {
    setLanguage('en');
    expect(translateManifestText(text)).toEqual({ text, language: 'en' });
    setLanguage('de');
    expect(translateManifestText(text).language, text).toBe('de');
    expect(translateManifestText(`${text} Yes.`)).toEqual({ text: `${text} Yes.`, language: 'en' });
  }
});
