/**
 * Tells whether a process id still names the process that it named before. A number alone proves nothing: systems
 * reuse it. What cannot be proved is not ours and is never signalled.
 */
import { readFile, readlink } from 'node:fs/promises';
import type { RunCommand } from './run-command.ts';

export interface ProcessIdentity {
  /** Path of the program, as the system tells it. */
  readonly executable: string;
  /** Opaque; equal means: started at the same moment of the same boot. */
  readonly startTime: string;
}

export interface ProcessIdentityOptions {
  readonly platform: NodeJS.Platform;
  readonly run: RunCommand;
  /** For the programs asked on macOS and Windows. */
  readonly env: Readonly<Record<string, string>>;
}

/** Null when the process is gone (or is a zombie), or the system does not tell. */
export async function readProcessIdentity(
  pid: number,
  options: ProcessIdentityOptions,
): Promise<ProcessIdentity | null> {
  if (!Number.isSafeInteger(pid) || pid < 2) return null;
  switch (options.platform) {
    case 'linux':
      return readFromProc(pid);
    case 'darwin':
      return parsePs(
        (await options.run('/bin/ps', ['-o', 'lstart=,comm=', '-p', String(pid)], { LC_ALL: 'C' })).stdout,
      );
    case 'win32':
      return parsePowershell((await options.run('powershell.exe', powershellQuery(pid), options.env)).stdout);
    default:
      return null;
  }
}

export async function isSameProcess(
  pid: number,
  expected: ProcessIdentity,
  options: ProcessIdentityOptions,
): Promise<boolean> {
  const found = await readProcessIdentity(pid, options);
  return found?.executable === expected.executable && found.startTime === expected.startTime;
}

async function readFromProc(pid: number): Promise<ProcessIdentity | null> {
  try {
    const [stat, executable, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1'),
      readlink(`/proc/${pid}/exe`),
      readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
    ]);
    const ticks = startTicks(stat);
    if (ticks === null) return null;
    // An update that replaced the file under a running server makes the system add this word to the same path.
    return { executable: executable.replace(/ \(deleted\)$/, ''), startTime: `${boot.trim()}:${ticks}` };
  } catch {
    return null;
  }
}

/** Field 22 of `/proc/<pid>/stat`; null for a zombie. The second field is a name in brackets that may hold anything. */
export function startTicks(stat: string): string | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? null : (fields[19] ?? null);
}

/** `Sun Nov 22 17:21:45 2026     /opt/redis-server`: 24 characters of time, then the program. */
export function parsePs(line: string): ProcessIdentity | null {
  const match = /^\s*(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})\s+(\S.*?)\s*$/.exec(line);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { executable: match[2], startTime: match[1] };
}

function powershellQuery(pid: number): readonly string[] {
  const query = `$p = Get-Process -Id ${pid} -ErrorAction Stop; "$($p.StartTime.ToFileTimeUtc())|$($p.Path)"`;
  return ['-NoProfile', '-NonInteractive', '-Command', query];
}

/** `134083993050000000|C:\Program Files\Holdfast\redis-server.exe` */
export function parsePowershell(line: string): ProcessIdentity | null {
  const match = /^(\d{6,})\|(\S.*?)\s*$/.exec(line.trim());
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { executable: match[2], startTime: match[1] };
}
