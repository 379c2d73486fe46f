/**
 * A Redis out of Debian's (Ubuntu's) packages, unpacked and not installed: the server, the libraries that it needs beyond the C
 * library, and their licences. Needs neither root nor a compiler.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { openApt } from './apt.mjs';
import { run } from './steps.mjs';

/** Redis from 7.4 on has another licence, under which it cannot be handed on freely; Valkey has the old one. */
const NEWEST_FREE_REDIS = [7, 2];
/** Part of every system, and of no use when they do not match it. */
const SYSTEM_PACKAGES = /^(libc6|libc-bin|libcrypt1)$/;

/** @returns {Promise<string | null>} why it cannot be done here; null when it can */
export function packagesObstacle() {
  if (process.platform !== 'linux') return 'not a Linux';
  const needed = ['apt-get', 'apt-cache', 'dpkg-deb', 'ldd'];
  const missing = needed.filter((name) => !existsSync(path.join('/usr/bin', name)));
  return missing.length === 0 ? null : `not a Debian or Ubuntu (no ${missing.join(', ')})`;
}

/**
 * @param {string} work an empty folder
 * @param {string} target filled with `redis-server`, `lib/`, `licences/`
 */
export async function unpackPackages(work, target, teller) {
  teller.step('fetching the lists of the packages into a folder of its own');
  const apt = await openApt(work, { sources: false, teller });
  const server = await chooseServer(apt);
  const names = await neededPackages(apt, server);
  teller.step(`downloading ${names.length} packages: ${names.join(', ')}`);
  await apt('apt-get', ['download', ...names]);
  const root = path.join(work, 'root');
  const archives = readdirSync(work).filter((name) => name.endsWith('.deb'));
  for (const [index, archive] of archives.entries()) {
    teller.step(`unpacking ${index + 1}/${archives.length}: ${archive}`);
    await run('dpkg-deb', ['-x', path.join(work, archive), root]);
  }
  await collect(root, server, target, teller);
}

async function chooseServer(apt) {
  const policy = await apt('apt-cache', ['policy', 'redis-server', 'valkey-server']);
  const candidates = new Map();
  for (const [, name, version] of policy.matchAll(/^(\S+):\n(?:.*\n)*?\s+Candidate: (?:\d+:)?(\d\S*)/gm)) {
    candidates.set(name, version);
  }
  const [major, minor] = (candidates.get('redis-server') ?? '').split('.').map(Number);
  const isFree = major < NEWEST_FREE_REDIS[0] || (major === NEWEST_FREE_REDIS[0] && minor <= NEWEST_FREE_REDIS[1]);
  if (candidates.has('redis-server') && isFree) return 'redis-server';
  if (candidates.has('valkey-server')) return 'valkey-server';
  if (candidates.has('redis-server')) return 'redis-server';
  throw new Error('neither redis-server nor valkey-server is among the packages of this system');
}

/** The server, its tools (the program itself is in there) and libraries, through all levels of what they depend on. */
async function neededPackages(apt, server) {
  const found = new Set([server]);
  let level = [server];
  while (level.length > 0) {
    const answer = await apt('apt-cache', ['depends', '--important', ...level]);
    const names = [...answer.matchAll(/^\s+(?:Pre)?Depends: ([a-z0-9][a-z0-9.+-]*)(?::\S+)?$/gm)].map(
      ([, name]) => name,
    );
    level = [...new Set(names)].filter(
      (name) =>
        !found.has(name) && !SYSTEM_PACKAGES.test(name) && /^(lib.*|gcc-\d+-base|redis-tools|valkey-tools)$/.test(name),
    );
    for (const name of level) found.add(name);
  }
  return [...found];
}

async function collect(root, server, target, teller) {
  const program = realpathSync(path.join(root, 'usr', 'bin', server));
  mkdirSync(path.join(target, 'lib'), { recursive: true });
  copyFileSync(program, path.join(target, server));
  const folders = libraryFolders(root);
  const answer = await run('ldd', [program], { env: { ...process.env, LD_LIBRARY_PATH: folders.join(':') } });
  const missing = [...answer.matchAll(/^\s*(\S+) => not found/gm)].map(([, name]) => name);
  if (missing.length > 0) throw new Error(`libraries are missing: ${missing.join(', ')}`);
  const libraries = [...answer.matchAll(/^\s*(\S+) => (\S+) \(/gm)].filter(([, , file]) => file.startsWith(root));
  for (const [, name, file] of libraries) copyFileSync(realpathSync(file), path.join(target, 'lib', name));
  teller.step(`took ${server} and ${libraries.length} libraries`);
  copyLicences(path.join(root, 'usr', 'share', 'doc'), path.join(target, 'licences'));
}

function libraryFolders(root) {
  const bases = [path.join(root, 'usr', 'lib'), path.join(root, 'lib')].filter((base) => existsSync(base));
  return bases.flatMap((base) => [
    base,
    ...readdirSync(base, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.includes('-linux-'))
      .map((entry) => path.join(base, entry.name)),
  ]);
}

function copyLicences(documents, target) {
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(documents)) {
    const file = path.join(documents, name, 'copyright');
    if (existsSync(file)) cpSync(file, path.join(target, `${name}.txt`), { dereference: true });
  }
}
