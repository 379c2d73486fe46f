/** The folders of one test, the command line in them, and the Holdfasts that run there. All of it is gone afterwards. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { processesIn, runToEnd, type Ended } from './child-process.ts';
import { Headless, type HeadlessOptions } from './headless.ts';
import {
  deadLetters,
  exportedExchange,
  importReport,
  restoreReport,
  verifyReport,
  type DeadLetters,
  type ExportedExchange,
  type ImportReport,
  type VerifyReport,
} from './report-schemas.ts';
import { waitUntil } from './wait-until.ts';

export const CLONE = path.resolve(import.meta.dirname, '..', '..');
export const FIXTURE = path.join(CLONE, 'tests', 'fixtures', 'claude-code-2.1.197');

const PASSED_ON = ['PATH', 'HOLDFAST_SQLITE_BINDING', 'LANG', 'TZ'];
const redisRecord = z.object({ pid: z.number().int().min(2) });

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Folder with `electron/cli.ts`; default: this clone. */
  readonly program?: string;
  /** Bound by the permissions of files even if root runs the tests. */
  readonly unprivileged?: boolean;
  /** Words before the command: a program that sets limits and then becomes the command. */
  readonly under?: readonly string[];
}

export class Workplace implements AsyncDisposable {
  readonly root: string;
  readonly home: string;
  readonly claude: string;
  readonly #started: Headless[] = [];

  private constructor(root: string, home: string) {
    this.root = root;
    this.home = path.join(root, home);
    this.claude = path.join(root, 'claude');
  }

  /**
   * Empty folders; the agent's folder is there and holds nothing.
   * @param home of Holdfast's data, below the root
   */
  static async make(home = 'data'): Promise<Workplace> {
    // Short, because the path of a Unix socket may not be longer than some hundred bytes.
    const place = new Workplace(await mkdtemp(path.join(os.tmpdir(), 'hft-')), home);
    await mkdir(path.join(place.root, 'home'));
    await mkdir(path.join(place.claude, 'projects'), { recursive: true });
    return place;
  }

  static async withFixture(): Promise<Workplace> {
    const place = await Workplace.make();
    await cp(path.join(FIXTURE, 'home', '.claude'), place.claude, { recursive: true });
    return place;
  }

  get env(): Record<string, string> {
    const known = PASSED_ON.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return {
      ...Object.fromEntries(known),
      HOME: path.join(this.root, 'home'),
      TMPDIR: this.root,
      HOLDFAST_HOME: this.home,
      CLAUDE_CONFIG_DIR: this.claude,
    };
  }

  /** What Holdfast is to be set to at its next start. */
  async settings(settings: object): Promise<void> {
    await mkdir(this.home, { recursive: true, mode: 0o700 });
    await writeFile(path.join(this.home, 'settings.json'), JSON.stringify(settings));
  }

  /** Lines of the log so far. */
  async logLines(): Promise<readonly string[]> {
    const text = await readFile(path.join(this.home, 'logs', 'holdfast.log'), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  }

  get projects(): string {
    return path.join(this.claude, 'projects');
  }

  /** Runs `holdfast <args>` to its end. */
  async cli(args: readonly string[], { env = {}, program = CLONE, ...user }: CommandOptions = {}): Promise<Ended> {
    const entry = path.join(program, 'electron', 'cli.ts');
    const place = { env: { ...this.env, ...env }, cwd: this.root, ...user };
    return runToEnd(process.execPath, [entry, ...args], place);
  }

  /** Runs a command with --json, which has to end with 0. */
  async json<T>(args: readonly string[], schema: z.ZodType<T>): Promise<T> {
    const ended = await this.cli([...args, '--json']);
    if (ended.code !== 0) {
      throw new Error(`holdfast ${args.join(' ')} ended with ${String(ended.code)}: ${ended.stdout}${ended.stderr}`);
    }
    return schema.parse(JSON.parse(ended.stdout));
  }

  async import(): Promise<ImportReport> {
    return this.json(['import'], importReport);
  }

  async resync(): Promise<ImportReport> {
    return this.json(['resync', '--all'], importReport);
  }

  /** The proof, whatever its outcome. */
  async verify(): Promise<VerifyReport & { readonly code: number | null }> {
    const { code, stdout, stderr } = await this.cli(['verify', '--json']);
    if (stdout === '') throw new Error(`verify printed nothing: ${stderr}`);
    return { ...verifyReport.parse(JSON.parse(stdout)), code };
  }

  async restore(session: string, ...more: readonly string[]): Promise<z.infer<typeof restoreReport>> {
    const { stdout } = await this.cli(['restore', session, ...more, '--json']);
    return restoreReport.parse(JSON.parse(stdout));
  }

  async export(): Promise<readonly ExportedExchange[]> {
    const { code, stdout, stderr } = await this.cli(['export', '--all', '--format', 'jsonl']);
    if (code !== 0) throw new Error(`export ended with ${String(code)}: ${stderr}`);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => exportedExchange.parse(JSON.parse(line)));
  }

  async deadLetters(): Promise<DeadLetters> {
    return this.json(['dead-letters', '--limit', '1000'], deadLetters);
  }

  /** Starts Holdfast without a display and waits until it records. */
  async start(options: HeadlessOptions = {}): Promise<Headless> {
    const headless = await Headless.start(this, options);
    this.#started.push(headless);
    return headless;
  }

  /** Runs Holdfast without a display to its end: for starts that fail. */
  async serve(options: HeadlessOptions): Promise<Ended> {
    const { env = {}, args = [], program = CLONE, ...user } = options;
    const entry = path.join(program, 'electron', 'headless.ts');
    const where = { env: { ...this.env, ...env }, cwd: this.root, ...user };
    return runToEnd(process.execPath, [entry, '--port', '0', '--no-open', ...args], where);
  }

  /** Process id of the Redis that Holdfast started here; null when there is no record of one. */
  async redisPid(): Promise<number | null> {
    const text = await readFile(path.join(this.home, 'redis', 'server.json'), 'utf8').catch(() => null);
    return text === null || text === '' ? null : redisRecord.parse(JSON.parse(text)).pid;
  }

  /** Removes all that Holdfast has saved, so that the next start is the first one. */
  async forgetEverything(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  async waitForNoProcess(): Promise<void> {
    await waitUntil(
      () => processesIn(this.root),
      (seen) => seen.length === 0,
      'processes left behind',
      5000,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const headless of this.#started) await headless.end();
    try {
      await this.waitForNoProcess();
    } finally {
      // Only what runs in this test's own folder.
      for (const pid of await processesIn(this.root)) process.kill(pid, 'SIGKILL');
      await rm(this.root, { recursive: true, force: true });
    }
  }
}
