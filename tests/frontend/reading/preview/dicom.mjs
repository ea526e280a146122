import { File as NodeFile } from 'node:buffer';

const LONG = new Set(['OW', 'SQ']);

/**
 * An MR image in explicit VR, little-endian.
 * @param {object} image
 * @param {Uint16Array} image.pixels
 * @param {number} image.columns
 * @param {string} [image.orientation] Image Orientation (Patient)
 * @param {string} [image.position] Image Position (Patient)
 * @param {string} [image.series] its UID
 * @param {string} [image.syntax] UID of the transfer syntax
 * @param {[number, number]} [image.scale] slope and intercept
 * @returns {File}
 */
export function makeDicomFile({
  pixels,
  columns,
  orientation = '1\\0\\0\\0\\1\\0',
  position = '0\\0\\0',
  series = '2.25.1',
  syntax = '1.2.840.10008.1.2.1',
  scale = [1, 0],
}) {
  const parts = [
    new Uint8Array(128),
    encode('DICM'),
    pack(0x0002, 0x0010, 'UI', encode(syntax, 0)),
    pack(0x0020, 0x000e, 'UI', encode(series, 0)),
    pack(0x0020, 0x0032, 'DS', encode(position, 32)),
    pack(0x0020, 0x0037, 'DS', encode(orientation, 32)),
    pack(0x0028, 0x0002, 'US', packShort(1)),
    pack(0x0028, 0x0004, 'CS', encode('MONOCHROME2', 32)),
    pack(0x0028, 0x0010, 'US', packShort(pixels.length / columns)),
    pack(0x0028, 0x0011, 'US', packShort(columns)),
    pack(0x0028, 0x0030, 'DS', encode('3\\2', 32)),
    pack(0x0028, 0x0100, 'US', packShort(16)),
    pack(0x0028, 0x0103, 'US', packShort(0)),
    pack(0x0028, 0x1052, 'DS', encode(String(scale[1]), 32)),
    pack(0x0028, 0x1053, 'DS', encode(String(scale[0]), 32)),
    pack(0x7fe0, 0x0010, 'OW', new Uint8Array(pixels.slice().buffer)),
  ];
  return makeFile(/** @type {BlobPart[]} */ (parts), 'image.dcm');
}

/**
 * A file whose bytes can be read, as those of jsdom cannot.
 * @param {BlobPart[]} parts
 * @param {string} name
 */
export function makeFile(parts, name) {
  const Kind = /** @type {typeof File} */ (/** @type {unknown} */ (NodeFile));
  return new Kind(parts, name);
}

/**
 * @param {string} text
 * @param {number} [padding] makes its length even
 */
function encode(text, padding) {
  const bytes = [...new TextEncoder().encode(text)];
  if (padding !== undefined && bytes.length % 2 === 1) bytes.push(padding);
  return Uint8Array.from(bytes);
}

/** @param {number} number */
function packShort(number) {
  return Uint8Array.from([number & 255, number >> 8]);
}

/**
 * @param {number} group
 * @param {number} element
 * @param {string} vr
 * @param {Uint8Array} value
 */
function pack(group, element, vr, value) {
  const begin = new DataView(new ArrayBuffer(LONG.has(vr) ? 12 : 8));
  begin.setUint16(0, group, true);
  begin.setUint16(2, element, true);
  begin.setUint8(4, vr.charCodeAt(0));
  begin.setUint8(5, vr.charCodeAt(1));
  if (LONG.has(vr)) begin.setUint32(8, value.length, true);
  else begin.setUint16(6, value.length, true);
  return Uint8Array.from([...new Uint8Array(begin.buffer), ...value]);
}
