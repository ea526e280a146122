import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUNDLE = join(ROOT, 'backend/src/tumorscope/default_model');
const POLL_MS = 100;
const LONGEST_START_MS = 300_000;

/**
 * A service of a journey's own, which may be stopped and started again.
 * @param {number} port
 * @param {Record<string, string>} [settings] variables of the service
 */
export function startService(port, settings = {}) {
  const program = join(ROOT, '.venv/bin/tumorscope');
  return start(program, ['serve', '--host', '127.0.0.1', '--port', String(port)], ROOT, settings);
}

/**
 * The built page, before a service of that port.
 * @param {number} port
 * @param {number} servicePort
 */
export async function startPage(port, servicePort) {
  const settings = { WEB_PORT: String(port), PORT: String(servicePort) };
  const program = join(ROOT, 'frontend/node_modules/vite/bin/vite.js');
  const page = start(process.execPath, [program, 'preview'], join(ROOT, 'frontend'), settings);
  const url = `http://127.0.0.1:${port}`;
  const end = Date.now() + LONGEST_START_MS;
  while (!(await answers(url))) {
    if (Date.now() > end) throw new Error(`the page does not answer at ${url}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { ...page, url };
}

/** @param {string} url */
async function answers(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/**
 * @param {string} program
 * @param {string[]} words
 * @param {string} cwd
 * @param {Record<string, string>} settings
 */
function start(program, words, cwd, settings) {
  const child = spawn(program, words, {
    cwd,
    env: { ...process.env, ...settings },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return {
    /** @param {NodeJS.Signals} [signal] */
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await ended;
    },
  };
}

/**
 * The model that ships, as another version of it.
 * @param {string} version
 * @returns {{ folder: string, remove: () => void }}
 */
export function makeBundle(version) {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  cpSync(BUNDLE, folder, { recursive: true });
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...manifest, version }));
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
