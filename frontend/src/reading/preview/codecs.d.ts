/** What the codecs, which ship without types, are to this page. */
interface Codec {
  /** To be filled. */
  getEncodedBuffer(size: number): Uint8Array;
  decode(): void;
  /** Of the codec's own memory. */
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

interface CodecOptions {
  locateFile: () => string;
  print: () => void;
  printErr: () => void;
}

declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  export default function load(options: CodecOptions): Promise<{ JpegLSDecoder: new () => Codec }>;
}

declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  export default function load(options: CodecOptions): Promise<{ J2KDecoder: new () => Codec }>;
}

declare module '*?url' {
  const url: string;
  export default url;
}

declare module 'jpeg-lossless-decoder-js' {
  export class Decoder {
    decompress(bytes: ArrayBuffer, offset: number, length: number): ArrayBuffer;
  }
}
