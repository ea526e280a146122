const LONGEST = 80;
const FALLBACK = 'study';

// Characters with a meaning to file systems or shells, and control and direction characters.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}<>:"/\\|?*`$;&'%]+/gu;
// Device names under Windows, with any extension.
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=$|\.)/i;

/**
 * A safe file name from a study's name, which may be anything.
 * @param {string} studyName
 * @param {string} ending such as `prediction.json`
 */
export function nameFile(studyName, ending) {
  const safe = studyName
    .normalize('NFC')
    .replace(UNSAFE, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[\s.\-_~]+/, '');
  const short = Array.from(safe)
    .slice(0, LONGEST)
    .join('')
    .replace(/[\s.]+$/, '');
  const stem = RESERVED.test(short) ? `_${short}` : short;
  return `${stem || FALLBACK}.${ending}`;
}
