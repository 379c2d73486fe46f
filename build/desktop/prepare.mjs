#!/usr/bin/env node
/**
 * Prepares what the desktop tests need: an Electron, and for an old one an SQLite addon that it can load. Everything ends up
 * in `.cache/` of the clone and is made once. Steps go to standard error, the result to standard output:
 *
 *   node build/desktop/prepare.mjs      {"electronDist":"…","electronVersion":"33.2.1","sqliteBinding":"…"}
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareElectron } from './prepare-electron.mjs';
import { prepareSqliteBinding } from './sqlite-napi9.mjs';

/** First Electron whose Node offers Node-API 10, which the stock SQLite prebuild needs (Node 22.14 and later). */
const FIRST_WITH_NODE_API_10 = 36;

/**
 * @param {{ root: string, log?: (line: string) => void }} options `root`: the clone
 * @returns {Promise<{ electronDist: string, electronVersion: string, sqliteBinding: string | null }>}
 *   `sqliteBinding` null: the stock addon loads in this Electron
 */
export async function prepareDesktop({ root, log = () => undefined }) {
  await mkdir(path.join(root, '.cache'), { recursive: true });
  const { dist, version } = await prepareElectron({ root, log });
  const needsBuild = Number.parseInt(version, 10) < FIRST_WITH_NODE_API_10;
  const sqliteBinding = needsBuild ? await prepareSqliteBinding({ root, log }) : null;
  return { electronDist: dist, electronVersion: version, sqliteBinding };
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
  const log = (line) => process.stderr.write(`prepare: ${line}\n`);
  process.stdout.write(`${JSON.stringify(await prepareDesktop({ root, log }))}\n`);
}
