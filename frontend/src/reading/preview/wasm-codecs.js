import charlsUrl from '@cornerstonejs/codec-charls/decodewasm?url';
import loadCharls from '@cornerstonejs/codec-charls/decodewasmjs';
import openJpegUrl from '@cornerstonejs/codec-openjpeg/decodewasm?url';
import loadOpenJpeg from '@cornerstonejs/codec-openjpeg/decodewasmjs';

/** @type {ReturnType<typeof loadCharls> | null} */
let charls = null;
/** @type {ReturnType<typeof loadOpenJpeg> | null} */
let openJpeg = null;

/** @param {Uint8Array} bytes */
export async function decodeJpegLs(bytes) {
  charls ??= loadCharls(describe(charlsUrl));
  const { JpegLSDecoder } = await charls;
  return decode(new JpegLSDecoder(), bytes);
}

/** @param {Uint8Array} bytes */
export async function decodeJpeg2000(bytes) {
  openJpeg ??= loadOpenJpeg(describe(openJpegUrl));
  const { J2KDecoder } = await openJpeg;
  return decode(new J2KDecoder(), bytes);
}

/**
 * Where the code is; what it would print on each frame is left out.
 * @param {string} url
 */
function describe(url) {
  return { locateFile: () => url, print: () => {}, printErr: () => {} };
}

/**
 * @param {Codec} codec
 * @param {Uint8Array} bytes
 * @returns {ArrayBuffer}
 */
function decode(codec, bytes) {
  try {
    codec.getEncodedBuffer(bytes.length).set(bytes);
    codec.decode();
    return new Uint8Array(codec.getDecodedBuffer()).buffer;
  } finally {
    codec.delete();
  }
}
