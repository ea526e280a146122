import { translate } from '../i18n/translate.js';

/** @typedef {import('../state/session.js').StudySource} StudySource */
/** @typedef {import('./file-kind.js').FileKind} FileKind */

/**
 * A file as it was chosen, dropped or pasted.
 * @typedef {object} TakenFile
 * @property {File} file
 * @property {string} folder its path, '' for a file that was not taken with its folder
 */

/** @typedef {TakenFile & { kind: FileKind }} KnownFile */

const BRATS_NAME = /^(.+)[_-](?:flair|t1|t1ce|t2|t2f|t1n|t1c|t1gd|t2w|seg|segm)\.nii(?:\.gz)?$/i;

/**
 * Groups files into studies: the DICOM files of one folder, and the volumes of one BraTS case by their names; any other
 * file is a study of its own. Files of unknown format in a folder are left out; a file that was chosen by itself is
 * sent, so that the service can say what is wrong with it.
 * @param {KnownFile[]} files
 * @returns {{ sources: StudySource[], leftOut: number }} studies in the order of their first files
 */
export function groupStudies(files) {
  /** @type {Map<string, File[]>} */
  const groups = new Map();
  /** @type {Map<string, string>} */
  const names = new Map();
  let leftOut = 0;
  for (const [index, taken] of files.entries()) {
    if (taken.folder !== '' && isAside(taken)) {
      leftOut += 1;
      continue;
    }
    const key = findKey(taken) ?? String(index);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [taken.file]);
    else group.push(taken.file);
    names.set(key, nameGroup(taken, groups.get(key) ?? []));
  }
  const sources = [...groups].map(([key, grouped]) => ({
    name: names.get(key) ?? '',
    files: grouped,
    exampleUrl: null,
  }));
  return { sources, leftOut };
}

/** @param {KnownFile} taken */
function isAside({ file, kind }) {
  return kind === 'unknown' || file.name.startsWith('.') || file.name.toUpperCase() === 'DICOMDIR';
}

/** @param {KnownFile} taken */
function findKey({ file, folder, kind }) {
  if (kind === 'dicom') return `dicom ${folder}`;
  const match = kind === 'nifti' ? BRATS_NAME.exec(file.name) : null;
  return match === null ? null : `case ${folder}/${match[1]?.toLowerCase()}`;
}

/**
 * @param {KnownFile} last
 * @param {File[]} group
 */
function nameGroup({ file, folder, kind }, group) {
  if (group.length === 1) return file.name;
  if (kind === 'nifti') return BRATS_NAME.exec(file.name)?.[1] ?? file.name;
  const others = translate('intake.fileCount', { count: group.length });
  return folder === '' ? others : `${folder.split('/').at(-1)} (${others})`;
}
