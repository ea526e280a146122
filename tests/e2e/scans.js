import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync, inflateSync } from 'node:zlib';

export { packZip } from '../zip.mjs';

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
 * One real slice, plain and in run lengths, JPEG lossless, JPEG-LS and JPEG 2000; none where there is no real data.
 * @returns {{ name: string, mimeType: string, buffer: Buffer }[]}
 */
export function findEncodings() {
  const folder = join(DATA, 'dicom', 'transfer_syntaxes');
  if (!existsSync(folder)) return [];
  return ['1', '4', '5', '7', '9'].map((number) => {
    const buffer = readFileSync(join(folder, `${number}.dcm`));
    // The service alone cuts a mosaic into its tiles; the page shows it as one image where it is not called so.
    buffer.write('OTHER ', buffer.indexOf('MOSAIC'), 'latin1');
    return { name: `${number}.dcm`, mimeType: 'application/dicom', buffer };
  });
}

/**
 * The volumes of a real BraTS case; none where there is no real data.
 * @returns {string | null} their folder
 */
export function findCase() {
  const folder = join(DATA, 'volumes', 'brats_gli', 'BraTS-GLI-00001-000');
  return existsSync(folder) ? folder : null;
}

/**
 * A NIfTI-1 volume, 2 mm voxels in RAS+: the synthetic head with a lesion, smaller towards both ends.
 * @param {number} slices
 * @param {number} [side] in voxels
 */
export function makeNifti(slices, side = 96) {
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
  return packNifti(voxels, [side, side, slices], [2, 2, 2]);
}

/**
 * 8-bit voxels in RAS+ as NIfTI-1.
 * @param {Buffer} voxels the first axis runs fastest
 * @param {[number, number, number]} shape
 * @param {[number, number, number]} spacing in mm
 */
export function packNifti(voxels, shape, spacing) {
  const header = Buffer.alloc(352);
  header.writeInt32LE(348, 0);
  for (const [index, size] of [3, ...shape, 1, 1, 1, 1].entries()) {
    header.writeInt16LE(size, 40 + 2 * index);
  }
  header.writeInt16LE(2, 70); // datatype: uint8
  header.writeInt16LE(8, 72);
  for (const [index, size] of [1, ...spacing].entries()) header.writeFloatLE(size, 76 + 4 * index);
  header.writeFloatLE(352, 108);
  header.writeInt16LE(1, 254); // sform_code
  for (const row of [0, 1, 2]) header.writeFloatLE(spacing[row], 280 + 16 * row + 4 * row);
  header.write('n+1\0', 344, 'latin1');
  return Buffer.concat([header, voxels]);
}

/**
 * An 8-bit grey PNG.
 * @param {Buffer} pixels row by row
 * @param {number} width
 */
export function makeGreyPng(pixels, width) {
  const height = pixels.length / width;
  const begin = Buffer.alloc(13);
  begin.writeUInt32BE(width, 0);
  begin.writeUInt32BE(height, 4);
  begin[8] = 8;
  const lines = Buffer.alloc(height * (width + 1));
  for (let row = 0; row < height; row += 1) {
    pixels.copy(lines, row * (width + 1) + 1, row * width, (row + 1) * width);
  }
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [
    ['IHDR', begin],
    ['IDAT', deflateSync(lines)],
    ['IEND', Buffer.alloc(0)],
  ];
  return Buffer.concat([magic, ...chunks.map(([name, data]) => packChunk(name, data))]);
}

/**
 * @param {string} name
 * @param {Buffer} data
 */
function packChunk(name, data) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

/**
 * A DICOM MR image, explicit VR, without its preamble's text: 8-bit pixels of 1 mm.
 * @param {Buffer} pixels row by row
 * @param {number} columns
 * @param {string} orientation Image Orientation (Patient)
 * @param {{ patientName?: string, seriesDescription?: string, series?: string, instance?: string,
 *   position?: string }} [texts] what it says of the patient and the series, two UIDs, Image Position (Patient)
 */
export function makeDicom(pixels, columns, orientation, texts = {}) {
  const { patientName = '', seriesDescription = '', position } = texts;
  const [image, uid] = ['1.2.840.10008.5.1.4.1.1.4', '2.25.1'];
  const { series = uid, instance = uid } = texts;
  const meta = [
    packElement(0x0002, 0x0002, 'UI', image),
    packElement(0x0002, 0x0003, 'UI', instance),
    packElement(0x0002, 0x0010, 'UI', '1.2.840.10008.1.2.1'),
  ];
  const size = Buffer.alloc(4);
  size.writeUInt32LE(Buffer.concat(meta).length);
  const whole = (/** @type {number} */ number) => Buffer.from([number & 255, number >> 8]);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM', 'latin1'),
    packElement(0x0002, 0x0000, 'UL', size),
    ...meta,
    packElement(0x0008, 0x0016, 'UI', image),
    packElement(0x0008, 0x0018, 'UI', instance),
    packElement(0x0008, 0x0060, 'CS', 'MR'),
    packElement(0x0008, 0x103e, 'LO', seriesDescription),
    packElement(0x0010, 0x0010, 'PN', patientName),
    packElement(0x0020, 0x000d, 'UI', uid),
    packElement(0x0020, 0x000e, 'UI', series),
    ...(position === undefined ? [] : [packElement(0x0020, 0x0032, 'DS', position)]),
    packElement(0x0020, 0x0037, 'DS', orientation),
    packElement(0x0028, 0x0002, 'US', whole(1)),
    packElement(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
    packElement(0x0028, 0x0010, 'US', whole(pixels.length / columns)),
    packElement(0x0028, 0x0011, 'US', whole(columns)),
    packElement(0x0028, 0x0030, 'DS', '1\\1'),
    packElement(0x0028, 0x0100, 'US', whole(8)),
    packElement(0x0028, 0x0101, 'US', whole(8)),
    packElement(0x0028, 0x0102, 'US', whole(7)),
    packElement(0x0028, 0x0103, 'US', whole(0)),
    packElement(0x7fe0, 0x0010, 'OB', pixels),
  ]);
}

/**
 * An examination of the synthetic head in three series of one study: axial; sagittal; and the lower half, axial, inverted.
 * @returns {{ name: string, mimeType: string, buffer: Buffer }[]}
 */
export function makeExamination() {
  const { pixels, width } = readGreyPng(findExample('phantom-lesion-a.png'));
  const inverted = pixels.map((grey) => 255 - grey);
  return [
    ...makeSlices(pixels, width, { series: '2.25.10', name: 'axial', count: 12, from: -27.5 }),
    ...makeSlices(pixels, width, { series: '2.25.20', name: 'sagittal', count: 8, from: -17.5 }),
    ...makeSlices(inverted, width, { series: '2.25.30', name: 'lower', count: 6, from: -27.5 }),
  ];
}

/**
 * @param {Buffer} pixels of each slice
 * @param {number} columns
 * @param {{ series: string, name: string, count: number, from: number }} facts
 */
function makeSlices(pixels, columns, { series, name, count, from }) {
  const half = columns / 2;
  const isSagittal = name === 'sagittal';
  const orientation = isSagittal ? '0\\1\\0\\0\\0\\-1' : '1\\0\\0\\0\\1\\0';
  return Array.from({ length: count }, (_, at) => {
    const along = from + 5 * at;
    const position = isSagittal ? [along, -half, half] : [-half, -half, along];
    const buffer = makeDicom(pixels, columns, orientation, {
      ...{ series, instance: `${series}.${at + 1}`, seriesDescription: `T1 ${name}` },
      position: position.join('\\'),
    });
    return { name: `${name}-${at}.dcm`, mimeType: 'application/dicom', buffer };
  });
}

/** Padded with a space, where others have a zero (PS3.5, 6.2). */
const TEXTS = new Set(['CS', 'DS', 'LO', 'PN']);

/**
 * @param {number} group
 * @param {number} element
 * @param {string} vr
 * @param {string | Buffer} value
 */
function packElement(group, element, vr, value) {
  const data = Buffer.from(value);
  const even = Buffer.concat([data, Buffer.alloc(data.length % 2, TEXTS.has(vr) ? ' ' : 0)]);
  const isLong = vr === 'OB';
  const begin = Buffer.alloc(isLong ? 12 : 8);
  begin.writeUInt16LE(group, 0);
  begin.writeUInt16LE(element, 2);
  begin.write(vr, 4, 'latin1');
  if (isLong) begin.writeUInt32LE(even.length, 8);
  else begin.writeUInt16LE(even.length, 6);
  return Buffer.concat([begin, even]);
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
export function readGreyPng(path) {
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
