/** Real child processes: their end, their output, what the system says about them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { WITHOUT_PRIVILEGES } from './privileges.ts';

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnPlace {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Bound by the permissions of files even if root runs the tests. */
  readonly unprivileged?: boolean;
  /** Words before the command: a program that sets limits and then becomes the command. */
  readonly under?: readonly string[];
}

/** Runs a program to its end. */
export async function runToEnd(command: string, args: readonly string[], place: SpawnPlace): Promise<Ended> {
  const child = spawnPiped(command, args, place);
  const output = collect(child);
  const code = await exitOf(child);
  return { code, ...output.texts };
}

export function spawnPiped(command: string, args: readonly string[], place: SpawnPlace): ChildProcess {
  const { env, cwd, unprivileged = false, under = [] } = place;
  const [program = command, ...rest] = [...(unprivileged ? WITHOUT_PRIVILEGES : []), ...under, command, ...args];
  return spawn(program, rest, { env: { ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Keeps what a child prints. */
export function collect(child: ChildProcess): { readonly texts: { stdout: string; stderr: string } } {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  return { texts };
}

/** Exit code, or null after a signal; resolves when everything it printed was read. */
export function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve(code);
    });
  });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ids of all processes that were started with, in or for this folder. */
export async function processesIn(folder: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: number[] = [];
  for (const pid of pids) {
    const texts = await Promise.all([
      readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
    ]);
    // A zombie has none of the three, so that it does not count.
    if (texts.some((text) => text.includes(folder))) found.push(Number(pid));
  }
  return found;
}

/** Most memory that a process has had so far, in bytes. */
export async function peakMemoryBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** Processor time of a process so far, in seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${String(pid)}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
  // utime and stime, the 14th and 15th field of the file, in ticks of a hundredth of a second on Linux.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** How many inotify watches a process holds. */
export async function inotifyWatches(pid: number): Promise<number> {
  let count = 0;
  for (const fd of await readdir(`/proc/${String(pid)}/fdinfo`)) {
    const text = await readFile(`/proc/${String(pid)}/fdinfo/${fd}`, 'utf8').catch(() => '');
    count += text.split('\n').filter((line) => line.startsWith('inotify wd:')).length;
  }
  return count;
}
