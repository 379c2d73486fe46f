/**
 * A Redis compiled here: small, and with nothing to bring along but itself (the C library's allocator, no TLS, no systemd). The
 * source is the given archive, or the source package of Debian with Debian's corrections.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { openApt } from './apt.mjs';
import { hasProgram, run } from './steps.mjs';

const LICENCES = ['COPYING', 'LICENSE', 'LICENSE.txt', 'REDISCONTRIBUTIONS.txt'];

/** @returns {Promise<string | null>} why it cannot be done here; null when it can */
export async function compileObstacle(archive) {
  if (process.platform === 'win32') return 'Redis cannot be compiled on Windows';
  for (const name of ['gcc', 'make']) if (!(await hasProgram(name))) return `no ${name}`;
  if (archive !== null) return null;
  return (await hasProgram('dpkg-source')) && (await hasProgram('apt-get')) ? null : 'no source package within reach';
}

/**
 * @param {string} work an empty folder
 * @param {string} target filled with `redis-server`, `licences/`
 * @param {string | null} archive a `.tar.gz` of Redis or Valkey
 */
export async function compile(work, target, archive, teller) {
  if (archive === null) await fetchSource(work, teller);
  else {
    teller.step(`unpacking ${archive}`);
    await run('tar', ['xf', path.resolve(archive)], { cwd: work });
  }
  const source = sourceFolder(work);
  teller.step(`compiling ${path.basename(source)}, usually one to three minutes`);
  const variables = ['MALLOC=libc', 'BUILD_TLS=no', 'USE_SYSTEMD=no', 'V=0'];
  const program = /^valkey/.test(path.basename(source)) ? 'valkey-server' : 'redis-server';
  await run('make', [`-j${availableParallelism()}`, ...variables, program], {
    cwd: path.join(source, 'src'),
    teller,
    label: 'compiling',
  });
  mkdirSync(path.join(target, 'licences'), { recursive: true });
  const built = path.join(source, 'src', program);
  if (await hasProgram('strip')) await run('strip', ['-o', path.join(target, program), built]);
  else copyFileSync(built, path.join(target, program));
  for (const name of LICENCES.filter((one) => existsSync(path.join(source, one)))) {
    copyFileSync(path.join(source, name), path.join(target, 'licences', name));
  }
}

async function fetchSource(work, teller) {
  teller.step('fetching the lists of the source packages into a folder of its own');
  const apt = await openApt(work, { sources: true, teller });
  teller.step('downloading the source package of redis');
  await apt('apt-get', ['source', 'redis']);
}

function sourceFolder(work) {
  const folders = readdirSync(work).map((name) => path.join(work, name));
  const found = folders.find(
    (folder) => statSync(folder).isDirectory() && existsSync(path.join(folder, 'src', 'server.c')),
  );
  if (found === undefined) throw new Error('the archive holds no source of Redis');
  return found;
}
