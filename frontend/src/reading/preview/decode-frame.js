/** @typedef {import('./read-dicom.js').Pixels} Pixels */

/**
 * A compressed frame, and how its pixels are stored.
 * @typedef {object} Frame
 * @property {string} syntax UID of the transfer syntax
 * @property {Uint8Array<ArrayBuffer>} bytes
 * @property {number} count of pixels
 * @property {new (buffer: ArrayBuffer) => Pixels} Kind
 */

const RLE = '1.2.840.10008.1.2.5';
const JPEG = '1.2.840.10008.1.2.4.50';
const JPEG_LOSSLESS = ['1.2.840.10008.1.2.4.57', '1.2.840.10008.1.2.4.70'];
const JPEG_LS = ['1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.4.81'];
const JPEG_2000 = ['1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.4.91'];

/** Transfer syntaxes that `decodeFrame` decodes (PS3.6, table A-1). */
export const COMPRESSED = new Set([RLE, JPEG, ...JPEG_LOSSLESS, ...JPEG_LS, ...JPEG_2000]);

/**
 * Decompresses a grey frame; each codec is fetched when it is first needed.
 * @param {Frame} frame
 * @returns {Promise<Pixels>}
 * @throws {Error} where the frame is damaged
 */
export async function decodeFrame({ syntax, bytes, count, Kind }) {
  const decode = await chooseDecoder(syntax, count);
  const pixels = new Kind(await decode(bytes));
  if (pixels.length !== count) throw new Error('pixels are missing');
  return pixels;
}

/**
 * @param {string} syntax
 * @param {number} count
 * @returns {Promise<(bytes: Uint8Array<ArrayBuffer>) => ArrayBuffer | Promise<ArrayBuffer>>}
 */
async function chooseDecoder(syntax, count) {
  if (syntax === RLE) return (bytes) => decodeRle(bytes, count).buffer;
  if (syntax === JPEG) return decodePicture;
  if (JPEG_LOSSLESS.includes(syntax)) {
    const { Decoder } = await import('jpeg-lossless-decoder-js');
    return (bytes) => new Decoder().decompress(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  const { decodeJpeg2000, decodeJpegLs } = await import('./wasm-codecs.js');
  return JPEG_LS.includes(syntax) ? decodeJpegLs : decodeJpeg2000;
}

/**
 * The browser's own decoder: 8 bits.
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
async function decodePicture(bytes) {
  const picture = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: 'none' });
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (context === null) throw new Error('no canvas');
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return Uint8Array.from({ length: width * height }, (_, at) => data[4 * at] ?? 0).buffer;
}

/**
 * Run lengths of bytes (PS3.5, annex G): a segment for each byte of a pixel, the highest first.
 * @param {Uint8Array} bytes
 * @param {number} count of pixels
 * @returns {Uint8Array<ArrayBuffer>} little-endian
 */
export function decodeRle(bytes, count) {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segments = header.getUint32(0, true);
  const decoded = new Uint8Array(segments * count);
  for (let segment = 0; segment < segments; segment += 1) {
    let from = header.getUint32(4 + 4 * segment, true);
    let to = segments - 1 - segment;
    while (to < decoded.length) {
      const length = header.getInt8(from);
      const isRun = length < 0;
      // -128 says nothing.
      const times = length === -128 ? 0 : isRun ? 1 - length : length + 1;
      for (let time = 0; time < times && to < decoded.length; time += 1) {
        decoded[to] = header.getUint8(from + 1 + (isRun ? 0 : time));
        to += segments;
      }
      from += length === -128 ? 1 : isRun ? 2 : 1 + times;
    }
  }
  return decoded;
}
