import { groupStudies } from '../../../frontend/src/intake/group-studies.js';
import { makeFile } from '../factories.mjs';

/** @typedef {import('../../../frontend/src/intake/file-kind.js').FileKind} FileKind */

/** @param {string} path @param {FileKind} kind */
function take(path, kind) {
  const parts = path.split('/');
  return { file: makeFile(parts.pop() ?? ''), folder: parts.join('/'), kind };
}

/** @param {ReturnType<typeof take>[]} files */
function group(...files) {
  const { sources, leftOut } = groupStudies(files);
  const studies = sources.map(({ name, files: grouped }) => [
    name,
    ...(grouped ?? []).map((file) => file.name),
  ]);
  return { studies, leftOut };
}

test('each picture, volume and archive is a study', () => {
  const files = [take('a.png', 'picture'), take('b.nii.gz', 'nifti'), take('c.zip', 'zip')];
  expect(group(...files).studies).toEqual([
    ['a.png', 'a.png'],
    ['b.nii.gz', 'b.nii.gz'],
    ['c.zip', 'c.zip'],
  ]);
});

test('the DICOM files of one folder are a study, named after it', () => {
  const files = [
    take('patient/t1/1.dcm', 'dicom'),
    take('patient/t2/1.dcm', 'dicom'),
    take('patient/t1/2.dcm', 'dicom'),
  ];
  expect(group(...files).studies).toEqual([
    ['t1 (2 files)', '1.dcm', '2.dcm'],
    ['1.dcm', '1.dcm'],
  ]);
});

test('DICOM files that were chosen together are a study', () => {
  expect(group(take('1', 'dicom'), take('2', 'dicom')).studies).toEqual([['2 files', '1', '2']]);
});

test('the volumes of a BraTS case are a study, whatever the year names them', () => {
  const files = [
    take('x/BraTS20_001_flair.nii', 'nifti'),
    take('x/BraTS20_001_T1CE.nii', 'nifti'),
    take('x/BraTS20_002_t1.nii', 'nifti'),
    take('BraTS-GLI-7-t2w.nii.gz', 'nifti'),
    take('BraTS-GLI-7-seg.nii.gz', 'nifti'),
  ];
  expect(group(...files).studies).toEqual([
    ['BraTS20_001', 'BraTS20_001_flair.nii', 'BraTS20_001_T1CE.nii'],
    ['BraTS20_002_t1.nii', 'BraTS20_002_t1.nii'],
    ['BraTS-GLI-7', 'BraTS-GLI-7-t2w.nii.gz', 'BraTS-GLI-7-seg.nii.gz'],
  ]);
});

test('files of a folder that are not scans are left out and counted', () => {
  const files = [
    take('disk/DICOMDIR', 'dicom'),
    take('disk/readme.txt', 'unknown'),
    take('disk/.hidden.png', 'picture'),
    take('disk/a.png', 'picture'),
  ];
  expect(group(...files)).toEqual({ studies: [['a.png', 'a.png']], leftOut: 3 });
});

test('a file that was chosen by itself is always sent', () => {
  expect(group(take('notes.txt', 'unknown'))).toEqual({
    studies: [['notes.txt', 'notes.txt']],
    leftOut: 0,
  });
});
