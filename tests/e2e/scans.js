import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';

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
  return findPictures(join(DATA, 'slices', label), count);
}

/**
 * @param {string} folder
 * @param {number} count
 */
function findPictures(folder, count) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
  return names
    .sort()
    .slice(0, count)
    .map((name) => join(folder, name));
}

/**
 * Pictures of what is no brain MRI.
 * @param {string} kind a folder of the data set
 * @param {number} count
 */
export function findOthers(kind, count) {
  return findPictures(join(DATA, 'out_of_scope', kind), count);
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
 * A NIfTI-1 volume, 2 mm voxels in RAS+: the synthetic head with a lesion, smaller towards both ends.
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
  const head = readGreyPng(findExample('phantom-lesion-a.png'));
  const voxels = Buffer.alloc(side * side * slices);
  for (let z = 0; z < slices; z += 1) {
    const scale = Math.sqrt(Math.max(0, 1 - ((2 * z + 1) / slices - 1) ** 2));
    for (let y = 0; y < side; y += 1) {
      for (let x = 0; x < side; x += 1) {
        // The picture's first row is anterior, its first column the patient's right.
        const row = readPlace(1 - (y + 0.5) / side, scale, head.height);
        const column = readPlace((x + 0.5) / side, scale, head.width);
        voxels[(z * side + y) * side + x] = head.pixels[row * head.width + column] ?? 0;
      }
    }
  }
  return Buffer.concat([header, voxels]);
}

/**
 * @param {number} place in 0..1
 * @param {number} scale of what is drawn
 * @param {number} length
 * @returns {number} the pixel there; not a number outside of the picture
 */
function readPlace(place, scale, length) {
  const enlarged = (place - 0.5) / scale + 0.5;
  return enlarged >= 0 && enlarged < 1 ? Math.floor(enlarged * length) : Number.NaN;
}

/**
 * An 8-bit grey PNG without interlacing (PNG 3rd edition, 9.2: filters).
 * @param {string} path
 */
function readGreyPng(path) {
  const file = readFileSync(path);
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  const parts = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') {
      parts.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
    }
  }
  const lines = inflateSync(Buffer.concat(parts));
  const pixels = Buffer.alloc(width * height);
  for (let row = 0; row < height; row += 1) {
    const filter = lines[row * (width + 1)];
    for (let column = 0; column < width; column += 1) {
      const at = row * width + column;
      const left = column > 0 ? pixels[at - 1] : 0;
      const above = row > 0 ? pixels[at - width] : 0;
      const corner = column > 0 && row > 0 ? pixels[at - width - 1] : 0;
      const guess = [0, left, above, (left + above) >> 1, guessPaeth(left, above, corner)][filter];
      pixels[at] = lines[at + row + 1] + guess;
    }
  }
  return { width, height, pixels };
}

/**
 * @param {number} left
 * @param {number} above
 * @param {number} corner
 */
function guessPaeth(left, above, corner) {
  const [toLeft, toAbove] = [Math.abs(above - corner), Math.abs(left - corner)];
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
