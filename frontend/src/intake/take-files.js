import { HEAD_BYTES, tellKind } from './file-kind.js';
import { readInBatches } from './read-in-batches.js';

/** @typedef {import('./group-studies.js').TakenFile} TakenFile */
/** @typedef {import('./group-studies.js').KnownFile} KnownFile */

/**
 * Files that were chosen, with their paths where a folder was chosen.
 * @param {Iterable<File>} files
 * @returns {TakenFile[]}
 */
export function takeChosen(files) {
  return Array.from(files, (file) => ({ file, folder: dropLastPart(file.webkitRelativePath) }));
}

/**
 * Files and folders that were dropped. The entries must be read before the event ends.
 * @param {DataTransfer} transfer
 * @returns {Promise<TakenFile[]>}
 */
export async function takeDropped(transfer) {
  const items = Array.from(transfer.items).filter((item) => item.kind === 'file');
  const taken = items.map((item) => {
    const entry = item.webkitGetAsEntry();
    if (entry?.isDirectory) return walk(/** @type {FileSystemDirectoryEntry} */ (entry));
    const file = item.getAsFile();
    return file === null ? [] : [{ file, folder: '' }];
  });
  return (await Promise.all(taken)).flat();
}

/**
 * @param {FileSystemDirectoryEntry} directory
 * @returns {Promise<TakenFile[]>}
 */
async function walk(directory) {
  const reader = directory.createReader();
  /** @type {FileSystemEntry[]} */
  const entries = [];
  // A browser returns a hundred at a time, and none at the end.
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) break;
    entries.push(...batch);
  }
  entries.sort((one, other) => one.name.localeCompare(other.name, 'en', { numeric: true }));
  const taken = [];
  for (const entry of entries) {
    taken.push(...(entry.isDirectory ? await walk(asDirectory(entry)) : [await read(entry)]));
  }
  return taken;
}

/** @param {FileSystemEntry} entry */
function asDirectory(entry) {
  return /** @type {FileSystemDirectoryEntry} */ (entry);
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<TakenFile>}
 */
async function read(entry) {
  /** @type {File} */
  const file = await new Promise((resolve, reject) =>
    /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject),
  );
  return { file, folder: dropLastPart(entry.fullPath.slice(1)) };
}

/** @param {string} path */
function dropLastPart(path) {
  return path.split('/').slice(0, -1).join('/');
}

/**
 * @param {TakenFile[]} taken
 * @returns {Promise<KnownFile[]>}
 */
export function findKinds(taken) {
  return readInBatches(taken, findKind);
}

/**
 * @param {TakenFile} taken
 * @returns {Promise<KnownFile>}
 */
async function findKind(taken) {
  try {
    const head = await taken.file.slice(0, HEAD_BYTES).arrayBuffer();
    return { ...taken, kind: tellKind(new Uint8Array(head)) };
  } catch {
    // Deleted since it was chosen, or not readable; sending it will report that.
    return { ...taken, kind: 'unknown' };
  }
}
