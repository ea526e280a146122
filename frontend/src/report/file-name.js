const LONGEST = 80;
const FALLBACK = 'study';

// What a file system, a shell or a reader could take for more than a letter: separators and their like, control and
// direction characters.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}<>:"/\\|?*`$;&'%]+/gu;
// Devices under Windows, with any ending.
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=$|\.)/i;

/**
 * A name for a file that is saved, made of a study's name, which may be anything.
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
