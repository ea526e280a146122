/**
 * A volume as the service writes it, with voxels of 2 mm, the first 90 mm left of the origin.
 * @param {object} volume
 * @param {[number, number, number]} volume.shape
 * @param {number} volume.sliceAxis
 * @param {Int16Array | Uint16Array} volume.stored
 * @param {[number, number]} [volume.scale] slope and intercept
 * @returns {ArrayBuffer}
 */
export function makeVolumeFile({ shape, sliceAxis, stored, scale = [1, 0] }) {
  const file = new ArrayBuffer(352 + stored.byteLength);
  const header = new DataView(file);
  header.setInt32(0, 348, true);
  header.setUint8(39, (sliceAxis + 1) << 4);
  for (const [at, size] of [3, ...shape].entries()) header.setInt16(40 + 2 * at, size, true);
  header.setInt16(70, stored instanceof Int16Array ? 4 : 512, true);
  header.setInt16(72, 16, true);
  header.setFloat32(108, 352, true);
  header.setFloat32(112, scale[0], true);
  header.setFloat32(116, scale[1], true);
  for (const row of [0, 1, 2]) header.setFloat32(280 + 20 * row, 2, true);
  header.setFloat32(292, -90, true);
  header.setInt16(254, 1, true);
  new Uint8Array(file, 344).set([...'n+1'].map((letter) => letter.charCodeAt(0)));
  new Uint8Array(file, 352).set(
    new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength),
  );
  return file;
}
