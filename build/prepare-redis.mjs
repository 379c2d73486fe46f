/**
 * Makes sure that there is a Redis for Holdfast, for development and for packaging. Looks for one first; else unpacks Debian's
 * packages, compiles, or has redis-memory-server build one, whichever is possible, always inside this folder and without
 * root. That none of it works is no error: Holdfast records without a queue then. The last line says how it ended:
 *
 *   Redis: redis 7.0.15 in /…/redis-server (bundled)
 *   Redis: none (bypass) - …
 *
 * node build/prepare-redis.mjs [--quiet] [--ignore-system] [--out DIR] [--method packages|source|memory-server]
 *                              [--source ARCHIVE.tar.gz]
 *
 * --quiet          the last line only
 * --ignore-system  do not make do with HOLDFAST_REDIS_URL, a server on the PATH or an earlier build: for packaging
 * --out            instead of resources/redis/<platform>-<arch>
 * --method         try only this way of making one
 */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packagesObstacle, unpackPackages } from './redis/debian-packages.mjs';
import { compile, compileObstacle } from './redis/from-source.mjs';
import { buildMemoryServer, memoryServerDirectories, memoryServerObstacle } from './redis/memory-server.mjs';
import { firstServerIn } from './redis/server-check.mjs';
import { createTeller } from './redis/steps.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const HOW_TO_INSTALL = {
  linux: 'install it with the package manager (Debian: apt install redis-server, Fedora: dnf install valkey)',
  darwin: 'install it with Homebrew: brew install valkey',
  win32: 'run a Redis or Valkey in WSL or a container and set HOLDFAST_REDIS_URL',
};

function readOptions() {
  const { values } = parseArgs({
    options: {
      quiet: { type: 'boolean', default: false },
      'ignore-system': { type: 'boolean', default: false },
      out: { type: 'string' },
      method: { type: 'string' },
      source: { type: 'string' },
    },
  });
  return {
    isQuiet: values.quiet,
    ignoresSystem: values['ignore-system'],
    out: path.resolve(values.out ?? path.join(ROOT, 'resources', 'redis', `${process.platform}-${process.arch}`)),
    method: values.method ?? null,
    source: values.source ?? null,
  };
}

/** @returns {Promise<string | null>} the sentence about a Redis that is there already */
async function findExisting(options) {
  const url = process.env.HOLDFAST_REDIS_URL;
  if (!options.ignoresSystem && url) return 'the one that HOLDFAST_REDIS_URL names';
  const bundled = await firstServerIn([options.out], process.platform);
  if (bundled !== null) return `${bundled.version} in ${bundled.file} (bundled)`;
  if (options.ignoresSystem) return null;
  const searchPath = (process.env.PATH ?? '').split(path.delimiter).filter((entry) => path.isAbsolute(entry));
  const system = await firstServerIn(searchPath, process.platform);
  if (system !== null) return `${system.version} in ${system.file} (of this system)`;
  const built = await firstServerIn(memoryServerDirectories(ROOT, homedir()), process.platform);
  return built === null ? null : `${built.version} in ${built.file} (built by redis-memory-server)`;
}

function methods(options, teller) {
  return [
    {
      name: 'packages',
      title: 'unpack the packages of Debian',
      obstacle: packagesObstacle,
      make: () => intoPlace(options.out, (work, target) => unpackPackages(work, target, teller)),
    },
    {
      name: 'source',
      title: 'compile from source',
      obstacle: () => compileObstacle(options.source),
      make: () => intoPlace(options.out, (work, target) => compile(work, target, options.source, teller)),
    },
    {
      name: 'memory-server',
      title: 'let redis-memory-server build one',
      obstacle: memoryServerObstacle,
      make: async () => {
        await buildMemoryServer(ROOT, teller);
        return firstServerIn(memoryServerDirectories(ROOT, homedir()), process.platform);
      },
    },
  ];
}

/** Makes a server in a folder beside the final one and moves it there only when it runs. */
async function intoPlace(out, make) {
  mkdirSync(path.dirname(out), { recursive: true });
  const work = mkdtempSync(path.join(path.dirname(out), '.redis-'));
  try {
    const target = path.join(work, 'made');
    const scratch = path.join(work, 'work');
    mkdirSync(target);
    mkdirSync(scratch);
    await make(scratch, target);
    if ((await firstServerIn([target], process.platform)) === null) throw new Error('what was made does not run here');
    makeRoom(out);
    renameSync(target, out);
    return await firstServerIn([out], process.platform);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Only what an earlier run made is replaced. */
function makeRoom(out) {
  if (!existsSync(out)) return;
  const isOurs = readdirSync(out).every((name) => /^(redis-server|valkey-server|lib|licences)/.test(name));
  if (!isOurs) throw new Error(`${out} holds other things and is not replaced`);
  rmSync(out, { recursive: true });
}

async function prepare(options) {
  const teller = createTeller(options);
  const existing = await findExisting(options);
  if (existing !== null) return existing;
  teller.step('No Redis yet. Making one, in this folder only.');
  const all = methods(options, teller);
  const wanted = all.filter(({ name }) => options.method === null || options.method === name);
  if (wanted.length === 0) throw new Error(`--method is one of: ${all.map(({ name }) => name).join(', ')}`);
  for (const { title, obstacle, make } of wanted) {
    const why = await obstacle();
    if (why !== null) {
      teller.step(`cannot ${title}: ${why}`);
      continue;
    }
    try {
      teller.step(`Trying to ${title}.`);
      const made = await make();
      if (made !== null) return `${made.version} in ${made.file} (made just now)`;
    } catch (error) {
      teller.step(`that did not work: ${error instanceof Error ? error.message : error}`);
    }
  }
  const advice = HOW_TO_INSTALL[process.platform] ?? HOW_TO_INSTALL.linux;
  return `none (bypass) - Holdfast records without a queue, and nothing is lost. For the queue, ${advice}.`;
}

console.log(`Redis: ${await prepare(readOptions())}`);
