import { nameFile } from '../../../frontend/src/report/file-name.js';

test.each([
  ['scan_1.dcm', 'scan_1.dcm.json'],
  ['Müller Schädel.png', 'Müller Schädel.png.json'],
  ['../../etc/passwd', 'etc_passwd.json'],
  ['C:\\Windows\\x', 'C_Windows_x.json'],
  ['.bashrc', 'bashrc.json'],
  ['-rf', 'rf.json'],
  ['con', '_con.json'],
  ['NUL.png', '_NUL.png.json'],
  ['a\nb\tc', 'a_b_c.json'],
  ['<img src=x onerror=alert(1)>', 'img src=x onerror=alert(1)_.json'],
  ['scan\u202egnp.exe', 'scan_gnp.exe.json'],
  ['$(reboot);`x`', '(reboot)_x_.json'],
  ['', 'study.json'],
  [' . ', 'study.json'],
])('a study called %j is saved as %j', (studyName, fileName) => {
  expect(nameFile(studyName, 'json')).toBe(fileName);
});

test('a long name is cut, between letters', () => {
  const name = nameFile('🧠'.repeat(200), 'json');
  expect(name).toBe(`${'🧠'.repeat(80)}.json`);
});
