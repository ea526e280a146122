import { crc32 } from 'node:zlib';

/**
 * A ZIP of files as they are (APPNOTE 6.3.10: local headers, central directory, its end).
 * @param {[string, Buffer][]} files by name
 */
export function packZip(files) {
  const local = [];
  const central = [];
  let at = 0;
  for (const [name, data] of files) {
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0); // version needed
    facts.writeUInt32LE(crc32(data), 10);
    facts.writeUInt32LE(data.length, 14);
    facts.writeUInt32LE(data.length, 18);
    facts.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    const text = Buffer.from(name, 'latin1');
    const begin = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), facts, text, data]);
    local.push(begin);
    central.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), facts, place, text);
    at += begin.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...local, directory, end]);
}
