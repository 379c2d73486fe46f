import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a program and gives what it printed; rejects when it is missing or fails. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<string>;

const ASK_TIMEOUT_MS = 2000;
const BUS = 'org.freedesktop.DBus';
const WATCHER = 'org.kde.StatusNotifierWatcher';

/** Three ways to ask the session bus the same question; which of them is installed differs. */
const QUESTIONS: readonly (readonly [program: string, ...args: string[]])[] = [
  ['gdbus', 'call', '--session', '-d', BUS, '-o', '/org/freedesktop/DBus', '-m', `${BUS}.NameHasOwner`, WATCHER],
  ['busctl', '--user', 'call', BUS, '/org/freedesktop/DBus', BUS, 'NameHasOwner', 's', WATCHER],
  ['dbus-send', '--session', '--print-reply', `--dest=${BUS}`, '/', `${BUS}.NameHasOwner`, `string:${WATCHER}`],
];

/**
 * Whether the desktop shows tray icons. Plain GNOME does not, and Electron does not tell: an icon is made and nobody sees it.
 * `unknown` when nothing can be asked.
 */
export async function findTrayHost(
  platform: NodeJS.Platform,
  run: RunProgram = runProgram,
): Promise<'present' | 'absent' | 'unknown'> {
  if (platform !== 'linux') return 'present';
  for (const [program, ...args] of QUESTIONS) {
    try {
      return /\btrue\b/.test(await run(program, args)) ? 'present' : 'absent';
    } catch {
      // Not installed, or no bus where it looks: the next one may know.
      continue;
    }
  }
  return 'unknown';
}

async function runProgram(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...args], { timeout: ASK_TIMEOUT_MS });
  return stdout;
}
