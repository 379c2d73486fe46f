/**
 * Builds better-sqlite3 for Node-API 9, so that it loads in the Electron 33 of the desktop tests. The stock prebuild needs
 * Node-API 10 and crashes the process there. For tests only: what is shipped takes the untouched prebuild.
 *
 * Needs g++ (C++20), make, python3 and the npm that brings node-gyp; about 80 s of CPU, so the result is kept.
 */
import { execFile } from 'node:child_process';
import { access, copyFile, cp, mkdtemp, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { patchNodeAddonApi } from './patch-node-addon-api.mjs';

const run = promisify(execFile);

/**
 * The addon for `better-sqlite3` as installed in `root`, from the cache if it is there.
 * @param {{ root: string, log: (line: string) => void }} options
 * @returns {Promise<string>} path of the `.node` file
 */
export async function prepareSqliteBinding({ root, log }) {
  const require = createRequire(path.join(root, 'package.json'));
  const { version } = require('better-sqlite3/package.json');
  const out = path.join(root, '.cache', `better-sqlite3-${version}-napi9.node`);
  if (await exists(out)) return out;

  log(`compiling better-sqlite3 ${version} for the test Electron (about a minute and a half, once)`);
  const work = await mkdtemp(path.join(os.tmpdir(), 'sqlite-napi9-'));
  try {
    const built = await compile(root, work, require);
    await smokeTest(path.join(work, 'node_modules', 'better-sqlite3'), built);
    await mkdir(path.dirname(out), { recursive: true });
    // Renamed into place, so that a build that is cut off never leaves half an addon in the cache.
    const half = `${out}.${process.pid}.tmp`;
    await copyFile(built, half);
    await rename(half, out);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return out;
}

async function compile(root, work, require) {
  const modules = path.join(work, 'node_modules');
  const library = path.join(modules, 'better-sqlite3');
  await cp(await realpath(path.dirname(require.resolve('better-sqlite3/package.json'))), library, { recursive: true });
  const headers = path.join(modules, 'node-addon-api');
  await cp(await realpath(path.dirname(require.resolve('node-addon-api/package.json'))), headers, { recursive: true });
  await rm(path.join(library, 'build'), { recursive: true, force: true });
  await rm(path.join(library, 'prebuilds'), { recursive: true, force: true });

  await patchNodeAddonApi(path.join(headers, 'napi-inl.h'));
  const gyp = path.join(library, 'binding.gyp');
  const before = await readFile(gyp, 'utf8');
  const after = before.replaceAll('NAPI_VERSION=10', 'NAPI_VERSION=9').replaceAll(/'-flto',\s?/g, '');
  if (!after.includes('NAPI_VERSION=9')) throw new Error('binding.gyp has changed: NAPI_VERSION=10 was not found');
  await writeFile(gyp, after);

  const nodedir = await headerPrefix(root);
  const args = [
    await findNodeGyp(),
    'rebuild',
    '--release',
    '--force_build=1',
    ...(nodedir ? [`--nodedir=${nodedir}`] : []),
  ];
  try {
    await run(process.execPath, args, {
      cwd: library,
      maxBuffer: 64 * 1024 * 1024,
      env: { JOBS: 'max', ...process.env },
    });
  } catch (error) {
    throw new Error(`node-gyp failed:\n${String(error.stderr).split('\n').slice(-40).join('\n')}`, { cause: error });
  }
  return path.join(library, 'build', 'Release', 'better_sqlite3.node');
}

/** A folder with `include/node`: from the npm-installed Node, or from the running one; null: node-gyp downloads them. */
async function headerPrefix(root) {
  const candidates = [
    path.join(root, 'node_modules', `node-${process.platform}-${process.arch}`),
    path.resolve(process.execPath, '../..'),
  ];
  for (const prefix of candidates) if (await exists(path.join(prefix, 'include', 'node', 'node_api.h'))) return prefix;
  return null;
}

/** node-gyp travels with npm: beside the npm that runs us, or beside the one on the PATH. */
async function findNodeGyp() {
  const npms = (process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, 'npm'));
  for (const npm of [process.env.npm_execpath, ...npms]) {
    if (npm === undefined || !(await exists(npm))) continue;
    const gyp = path.resolve(path.dirname(await realpath(npm)), '..', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
    if (await exists(gyp)) return gyp;
  }
  throw new Error('node-gyp was not found: it comes with npm, which is not on the PATH');
}

/** In a process of its own: a wrong build does not throw, it crashes. */
async function smokeTest(library, nativeBinding) {
  const script = `
    const db = new (require(process.argv[1]))(':memory:', { nativeBinding: process.argv[2] });
    db.exec("CREATE VIRTUAL TABLE f USING fts5(t); INSERT INTO f VALUES('un café noir')");
    db.function('twice', (x) => x * 2);
    const row = db.prepare("SELECT count(*) n, twice(21) t FROM f WHERE f MATCH 'cafe'").get();
    if (row.n !== 1 || row.t !== 42) throw new Error('wrong result: ' + JSON.stringify(row));
    let code;
    try { db.prepare('INSERT INTO missing VALUES(1)').run(); } catch (e) { code = e.code; }
    if (code !== 'SQLITE_ERROR') throw new Error('error code lost: ' + code);`;
  await run(process.execPath, ['-e', script, library, nativeBinding]);
}

async function exists(file) {
  return access(file).then(
    () => true,
    () => false,
  );
}
