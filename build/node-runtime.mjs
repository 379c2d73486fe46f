/**
 * Which Node runs what. Plain JavaScript that any Node since 14 can load, because it is what tells people that theirs is
 * too old. Nothing here may import a package.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Node-API 10, which the SQLite addon needs: with less, opening a database crashes the process. */
export const OLDEST_NODE = '22.14.0';
export const RECOMMENDED_NODE = '24';

export function parseVersion(text) {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text);
  if (match === null) throw new Error(`not a version: ${text}`);
  return [Number(match[1]), Number(match[2]), Number(match[3])];
}

export function isAtLeast(version, least) {
  const [left, right] = [parseVersion(version), parseVersion(least)];
  const index = left.findIndex((part, at) => part !== right[at]);
  return index === -1 || left[index] > right[index];
}

/** Node 23 got Node-API 10 with 23.6, so its first releases are newer than 22.14 and still not enough. */
export function isGoodNode(version) {
  if (parseVersion(version)[0] === 23) return isAtLeast(version, '23.6.0');
  return isAtLeast(version, OLDEST_NODE);
}

/** Flags with which a good Node runs a .ts file without a warning. */
export function typeScriptFlags(version) {
  const quiet = '--disable-warning=ExperimentalWarning';
  return isAtLeast(version, '22.18.0') ? [quiet] : ['--experimental-strip-types', quiet];
}

/** Where the Node that comes as a package is, if it was installed. */
export function packagedNodePath(root, platform, arch) {
  const name = `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
  return path.join(root, 'node_modules', name, 'bin', platform === 'win32' ? 'node.exe' : 'node');
}

/**
 * The Node to use: the running one if it is good, else the packaged one, else none.
 * @returns {{ kind: 'running' | 'packaged', execPath: string, version: string } | { kind: 'none' }}
 */
export function chooseNode(running, packaged) {
  if (isGoodNode(running.version)) return { kind: 'running', ...running };
  if (packaged !== null && isGoodNode(packaged.version)) return { kind: 'packaged', ...packaged };
  return { kind: 'none' };
}

/** Asks the packaged Node for its version: on a system with another C library the file is there and does not start. */
export function probePackagedNode(root) {
  const execPath = packagedNodePath(root, process.platform, process.arch);
  if (!existsSync(execPath)) return null;
  const answer = spawnSync(execPath, ['--version'], { encoding: 'utf8' });
  return answer.status === 0 ? { execPath, version: answer.stdout.trim() } : null;
}

export function findNode(root) {
  const running = { execPath: process.execPath, version: process.version };
  return chooseNode(running, isGoodNode(running.version) ? null : probePackagedNode(root));
}

export function tooOldMessage(version) {
  return `This is Node ${version}; Holdfast needs Node ${OLDEST_NODE} or newer. Install Node ${RECOMMENDED_NODE} from https://nodejs.org and try again.`;
}

/** What a shell reports for a process: its exit code, or 128 + number of the signal that ended it. */
export function exitCodeOf(code, signal) {
  return code ?? 128 + (os.constants.signals[signal] ?? 0);
}

const LOOK_FOR_PARENT_MS = 500;

/**
 * Ends this process as SIGTERM does once npm has gone. npm passes a signal to the shell between it and us, and the usual
 * /bin/sh of Debian dies of it without a word to us: what npm started would go on without anybody's knowledge.
 */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_FOR_PARENT_MS);
  watch.unref();
}

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program in place of this one: same terminal, signals passed on, resolves to its exit code when it has ended.
 * From a terminal Ctrl-C reaches the program twice, from the terminal and from here; stopping is idempotent.
 */
export function runInForeground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const forwards = FORWARDED.map((signal) => [signal, () => child.kill(signal)]);
    const release = () => forwards.forEach(([signal, forward]) => process.off(signal, forward));
    forwards.forEach(([signal, forward]) => process.on(signal, forward));
    child.once('error', (error) => {
      release();
      reject(error);
    });
    child.once('close', (code, signal) => {
      release();
      resolve(exitCodeOf(code, signal));
    });
  });
}
