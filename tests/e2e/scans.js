import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DATA =
  process.env.TUMORSCOPE_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../frontend/public/examples', import.meta.url));

export const WHY_SKIPPED =
  'no real scans here: set TUMORSCOPE_DATA to the folder that holds slices/<label>/*.jpg';

/**
 * @param {string} label a folder of the data set
 * @param {number} count
 * @returns {string[]} paths, fewer than asked where there are fewer
 */
export function findScans(label, count) {
  const folder = join(DATA, 'slices', label);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
  return names
    .sort()
    .slice(0, count)
    .map((name) => join(folder, name));
}

/** @param {string} name */
export function findExample(name) {
  return join(EXAMPLES, name);
}

/**
 * The files of the real T1 series; none where there is no real data.
 * @returns {string | null} their folder
 */
export function findSeries() {
  const folder = join(DATA, 'dicom', 't1_mprage_series');
  return existsSync(folder) ? folder : null;
}

/**
 * A NIfTI-1 volume, 2 mm voxels in RAS+: an ellipsoid that gets darker outwards, with a bright ball in it.
 * @param {number} slices
 */
export function makeNifti(slices) {
  const side = 96;
  const header = Buffer.alloc(352);
  header.writeInt32LE(348, 0);
  for (const [index, size] of [3, side, side, slices, 1, 1, 1, 1].entries()) {
    header.writeInt16LE(size, 40 + 2 * index);
  }
  header.writeInt16LE(2, 70); // datatype: uint8
  header.writeInt16LE(8, 72);
  for (const [index, size] of [1, 2, 2, 2].entries()) header.writeFloatLE(size, 76 + 4 * index);
  header.writeFloatLE(352, 108);
  header.writeInt16LE(1, 254); // sform_code
  for (const row of [0, 1, 2]) header.writeFloatLE(2, 280 + 16 * row + 4 * row);
  header.write('n+1\0', 344, 'latin1');
  const voxels = Buffer.alloc(side * side * slices);
  let offset = 0;
  for (let z = 0; z < slices; z += 1) {
    for (let y = 0; y < side; y += 1) {
      for (let x = 0; x < side; x += 1, offset += 1) {
        const away = Math.hypot(x / side - 0.5, y / side - 0.5, z / slices - 0.5);
        if (away > 0.42) continue;
        const isBall = Math.hypot(x - 32, y - 56, z - slices * 0.6) < 8;
        voxels[offset] = isBall ? 240 : 150 - 150 * away + ((x * 7 + y * 3 + z) % 11);
      }
    }
  }
  return Buffer.concat([header, voxels]);
}
