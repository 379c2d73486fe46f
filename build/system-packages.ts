/** What of the operating system the tests of window and desktop use, and how to get it on Debian and its relatives. */
import { spawnSync } from 'node:child_process';
import { runWatched } from './watched-run.ts';

/** Names under which releases have the same thing; one of them is enough. */
export type Alternatives = readonly [string, ...string[]];

export const SYSTEM_PACKAGES: readonly Alternatives[] = [
  ['chromium'],
  ['xvfb'],
  ['xauth'],
  ['dbus-daemon', 'dbus'],
  ['openbox'],
  ['xfce4-panel'],
  ['libglib2.0-bin'],
  ['systemd'],
  ['libgtk-3-0', 'libgtk-3-0t64'],
  ['libnss3'],
  ['libasound2', 'libasound2t64'],
  ['libgbm1'],
  ['imagemagick'],
  ['xdotool'],
  // For the SQLite addon that an old Electron needs.
  ['build-essential'],
  ['python3'],
];

/** Elsewhere: programs to look for. */
const PROGRAMS: readonly Alternatives[] = [
  ['chromium', 'chromium-browser', 'google-chrome'],
  ['Xvfb'],
  ['xauth'],
  ['dbus-daemon'],
  ['openbox'],
  ['xfce4-panel'],
  ['gdbus'],
  ['busctl'],
];

export function missingOf(wanted: readonly Alternatives[], present: ReadonlySet<string>): readonly Alternatives[] {
  return wanted.filter((names) => !names.some((name) => present.has(name)));
}

/** One name of each: the first that the system's catalogue has, or the usual one when the catalogue is empty. */
export function namesToInstall(missing: readonly Alternatives[], available: ReadonlySet<string>): readonly string[] {
  return missing.map((names) => names.find((name) => available.has(name)) ?? names[0]);
}

/** Names of installed packages in the output of `dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n'`. */
export function parseInstalled(output: string): ReadonlySet<string> {
  const lines = output.split('\n').map((line) => line.trim().split(/\s+/));
  return new Set(lines.filter(([, status]) => status === 'ii').map(([name]) => name ?? ''));
}

/** Names in the output of `apt-cache show`. */
export function parseAvailable(output: string): ReadonlySet<string> {
  return new Set([...output.matchAll(/^Package: (.+)$/gm)].map((match) => match[1] ?? ''));
}

export function installCommand(names: readonly string[]): string {
  return `sudo apt-get update && sudo apt-get install --no-install-recommends -y ${names.join(' ')}`;
}

function outputOf(command: string, args: readonly string[]): string | null {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return result.error === undefined ? result.stdout : null;
}

function readInstalled(): ReadonlySet<string> | null {
  const output = outputOf('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Abbrev}\\n', ...SYSTEM_PACKAGES.flat()]);
  return output === null || outputOf('apt-get', ['--version']) === null ? null : parseInstalled(output);
}

function toInstall(missing: readonly Alternatives[]): readonly string[] {
  return namesToInstall(missing, parseAvailable(outputOf('apt-cache', ['show', ...missing.flat()]) ?? ''));
}

/**
 * Sees to it that everything is there: installs it when we may, which is as root on Debian and its relatives.
 * @returns null, or the sentence that says what a person has to do
 */
export async function prepareSystem(say: (line: string) => void): Promise<string | null> {
  if (process.platform !== 'linux') return 'tests of the window and the desktop run on Linux only';
  const installed = readInstalled();
  if (installed === null) return missingPrograms();
  const missing = missingOf(SYSTEM_PACKAGES, installed);
  if (missing.length === 0) return null;
  if (process.getuid?.() !== 0)
    return `system packages are missing; install them with:\n\n  ${installCommand(toInstall(missing))}\n`;
  return installMissing(missing, say);
}

async function installMissing(missing: readonly Alternatives[], say: (line: string) => void): Promise<string | null> {
  say(`installing with apt-get: ${missing.map(([name]) => name).join(' ')}`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, mostMinutes: 10, title: 'apt-get' };
  const updated = await runWatched('apt-get', ['update', '-q'], options);
  const names = toInstall(missing);
  const code = await runWatched('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...names], options);
  if (code === 0) return null;
  return `apt-get could not install ${names.join(' ')}${updated === 0 ? '' : ' (nor update its catalogue)'}; its own message is above`;
}

function missingPrograms(): string | null {
  const present = new Set(PROGRAMS.flat().filter((name) => outputOf('which', [name])?.trim() !== ''));
  const missing = missingOf(PROGRAMS, present);
  if (missing.length === 0) return null;
  return `these programs are missing; install them with your system's package manager: ${missing.map(([name]) => name).join(', ')}`;
}
