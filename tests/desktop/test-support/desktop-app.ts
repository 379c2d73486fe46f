/** The built program in a real Electron, with folders of its own that are gone afterwards. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, readlink, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { _electron } from 'playwright-core';
import type { ElectronApplication, Page } from 'playwright-core';
import { TrayItem } from './tray-item.ts';
import { waitUntil } from './wait-until.ts';

const CLONE = path.resolve(import.meta.dirname, '..', '..', '..');
/** Folder with the program's package.json; another one to test a build that lies elsewhere. */
const PROGRAM = process.env['HOLDFAST_TEST_PROGRAM'] ?? CLONE;
const FIXTURE = path.join(CLONE, 'tests', 'fixtures', 'claude-code-2.1.197', 'home', '.claude');
const ARTIFACTS = path.join(CLONE, 'tests', '.artifacts');

/** Electron itself, as `build/desktop/prepare.mjs` found or made it. */
function electronExecutable(): string {
  const dist = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  if (dist === undefined) throw new Error('ELECTRON_OVERRIDE_DIST_PATH is not set: start with "npm test -- desktop"');
  return path.join(dist, 'electron');
}

/** Chromium's sandbox refuses to run as root. */
const SANDBOX_SWITCHES = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

/** The folders of one test program: data, transcripts and a home folder. */
export class Workplace {
  readonly root: string;
  readonly home: string;
  readonly claude: string;

  private constructor(root: string) {
    this.root = root;
    this.home = path.join(root, 'data');
    this.claude = path.join(root, 'claude');
  }

  static async make(): Promise<Workplace> {
    // Short, because the path of a Unix socket may not be longer than some hundred bytes.
    const place = new Workplace(await mkdtemp(path.join(os.tmpdir(), 'hf-')));
    await mkdir(path.join(place.root, 'home'));
    await cp(FIXTURE, place.claude, { recursive: true });
    return place;
  }

  get env(): Record<string, string> {
    const inherited = Object.entries(process.env).filter(([name, value]) => value !== undefined && !isOurs(name));
    const known: Record<string, string> = {};
    for (const [name, value] of inherited) known[name] = value ?? '';
    return {
      ...known,
      HOME: path.join(this.root, 'home'),
      HOLDFAST_HOME: this.home,
      HOLDFAST_PORT: '0',
      CLAUDE_CONFIG_DIR: this.claude,
      ...bindingOf(process.env['HOLDFAST_SQLITE_BINDING']),
    };
  }

  /** Name and id of every process that works in these folders. */
  async processes(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const [environment, command, directory, name] = await Promise.all([
        readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
        readFile(`/proc/${pid}/comm`, 'utf8').catch(() => ''),
      ]);
      if (`${environment}${command}${directory}`.includes(this.root)) found.push(`${name.trim()} ${pid}`);
    }
    return found;
  }

  /** Waits until no process is left that works here. */
  async waitForNoProcess(): Promise<void> {
    await waitUntil(
      () => this.processes(),
      (seen) => seen.length === 0,
      'processes left behind',
      5000,
    );
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

function isOurs(name: string): boolean {
  return name.startsWith('HOLDFAST_') || name.startsWith('CLAUDE_') || name.startsWith('VITEST');
}

function bindingOf(value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { HOLDFAST_SQLITE_BINDING: value };
}

export class DesktopApp {
  readonly place: Workplace;
  readonly electron: ElectronApplication;
  readonly tray: TrayItem;
  /** Kept, because Playwright forgets it when the program has ended. */
  readonly #process: ChildProcess;

  private constructor(place: Workplace, electron: ElectronApplication, tray: TrayItem) {
    this.place = place;
    this.electron = electron;
    this.tray = tray;
    this.#process = electron.process();
  }

  /** Starts the program and waits until it records. */
  static async launch(place: Workplace, args: readonly string[] = []): Promise<DesktopApp> {
    const electron = await _electron.launch({
      executablePath: electronExecutable(),
      args: [...SANDBOX_SWITCHES, PROGRAM, ...args],
      env: place.env,
    });
    const pid = electron.process().pid ?? 0;
    try {
      const tray = await TrayItem.ofProcess(pid);
      await tray.waitForTooltip('Recording');
      return new DesktopApp(place, electron, tray);
    } catch (error) {
      await endProcess(electron.process());
      throw error;
    }
  }

  /** The page of the status window; waits until it shows something. */
  async page(): Promise<Page> {
    const page = this.electron.windows()[0] ?? (await this.electron.waitForEvent('window'));
    await page.locator('#app > *').first().waitFor();
    return page;
  }

  /** Sends a signal, as a terminal or the system would. */
  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async photograph(page: Page, name: string): Promise<string> {
    await mkdir(ARTIFACTS, { recursive: true });
    const file = path.join(ARTIFACTS, `${name}.png`);
    await page.screenshot({ path: file });
    return file;
  }

  /** Exit code of the program, once it has ended. */
  exited(): Promise<number | null> {
    return exitOf(this.#process);
  }

  /** Ends the program in whatever state it is, and takes its folders away. */
  async [Symbol.asyncDispose](): Promise<void> {
    await endProcess(this.#process);
    await this.place.waitForNoProcess();
    await this.place.remove();
  }
}

function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

/** Asks a program to end, and kills it when it does not: a test that fails must not leave it behind. */
async function endProcess(child: ChildProcess): Promise<void> {
  const ended = exitOf(child);
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 8000);
  await ended;
  clearTimeout(killer);
}

/** Starts the program a further time, as a person would, and waits for its end. */
export async function startAgain(
  place: Workplace,
  args: readonly string[] = [],
): Promise<{ readonly code: number | null; readonly printed: string }> {
  const child = spawn(electronExecutable(), [...SANDBOX_SWITCHES, PROGRAM, ...args], { env: place.env });
  const printed = collect(child);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, printed: printed() };
}

/** An engine without tray and window of its own. */
export interface HeadlessEngine extends AsyncDisposable {
  readonly windowUrl: string;
}

/** Starts the program under plain Node, and waits until it serves its window. */
export function startHeadless(place: Workplace): Promise<HeadlessEngine> {
  const entry = path.join(PROGRAM, 'dist', 'electron', 'headless.mjs');
  return serving(place, spawn(process.execPath, [entry, '--headless', '--no-open'], { env: place.env }));
}

/** Starts the desktop program without a desktop, as on a server where only the package for desktops is installed. */
export function startHeadlessElectron(place: Workplace): Promise<HeadlessEngine> {
  const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...env } = place.env;
  return serving(place, spawn(electronExecutable(), [...SANDBOX_SWITCHES, PROGRAM, '--headless'], { env }));
}

async function serving(place: Workplace, child: ChildProcessWithoutNullStreams): Promise<HeadlessEngine> {
  const printed = collect(child);
  const end = async (): Promise<void> => {
    await endProcess(child);
    await place.waitForNoProcess();
    await place.remove();
  };
  await waitUntil(
    printed,
    (text) => text.includes('Window: ') || child.exitCode !== null || child.signalCode !== null,
    'address of the window',
  ).catch(() => null);
  const windowUrl = /Window: (\S+)/.exec(printed())?.[1];
  if (windowUrl === undefined) {
    await end();
    throw new Error(`no window was served: ${printed()}`);
  }
  return { windowUrl, [Symbol.asyncDispose]: end };
}

/** Everything a program has printed so far, errors included. */
function collect(child: ChildProcessWithoutNullStreams): () => string {
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
  }
  return () => printed;
}

/** Whether the screen shows a window with this title. */
export async function isOnScreen(title: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('xdotool', ['search', '--onlyvisible', '--name', `^${title}$`], (error) => resolve(error === null));
  });
}
