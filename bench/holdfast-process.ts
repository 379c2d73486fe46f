/** A real Holdfast for a benchmark: headless, in folders of its own, with an agent's folder that is empty at first. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { StatusSnapshot } from '../shared/status.ts';
import type { Envelope } from '../shared/error-code.ts';

export type QueueMode = StatusSnapshot['queue']['mode'];

const CLONE = path.resolve(import.meta.dirname, '..');
const START_WITHIN_MS = 60_000;

export interface HoldfastOptions {
  /** Where its folders are made; a disk, not a file system in memory. */
  readonly parent: string;
  readonly mode: QueueMode;
  /** A copy of the program without a Redis, for `bypass`; see program-copy.ts. */
  readonly programWithoutRedis: string;
}

export class HoldfastProcess implements AsyncDisposable {
  readonly root: string;
  readonly claude: string;
  readonly home: string;
  readonly #program: string;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #child: ChildProcess | null = null;

  private constructor({ parent, mode, programWithoutRedis }: HoldfastOptions) {
    this.root = mkdtempSync(path.join(parent, 'hb-'));
    this.home = path.join(this.root, 'data');
    this.claude = path.join(this.root, 'claude');
    mkdirSync(path.join(this.claude, 'projects'), { recursive: true });
    mkdirSync(path.join(this.root, 'home'));
    this.#program = mode === 'redis' ? CLONE : programWithoutRedis;
    const { HOLDFAST_REDIS_URL: _ours, ...inherited } = process.env;
    this.#env = {
      ...inherited,
      HOME: path.join(this.root, 'home'),
      HOLDFAST_HOME: this.home,
      CLAUDE_CONFIG_DIR: this.claude,
      ...(mode === 'redis' ? {} : { PATH: path.join(this.root, 'nothing-here') }),
    };
  }

  /** Resolves when it records, in the mode that was asked for. */
  static async start(options: HoldfastOptions): Promise<HoldfastProcess> {
    const holdfast = new HoldfastProcess(options);
    await holdfast.#start();
    const { queue } = await holdfast.status();
    if (queue.mode !== options.mode) throw new Error(`wanted ${options.mode}, found ${queue.mode}`);
    return holdfast;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async status(): Promise<StatusSnapshot> {
    const { apiUrl } = JSON.parse(readFileSync(path.join(this.home, 'engine.json'), 'utf8')) as { apiUrl: string };
    const token = readFileSync(path.join(this.home, 'api-token'), 'utf8').trim();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${apiUrl}/api/call/status.get`, { method: 'POST', headers, body: '{}' });
    const envelope = (await response.json()) as Envelope<StatusSnapshot>;
    if (!envelope.ok) throw new Error(envelope.error.message);
    return envelope.value;
  }

  /** Runs `holdfast <args> --json` beside it. */
  async command(args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const entry = path.join(this.#program, 'electron', 'cli.ts');
    const child = spawn(process.execPath, [entry, ...args, '--json'], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`holdfast ${args.join(' ')} ended with ${String(code)}: ${printed}`);
    return JSON.parse(printed) as Readonly<Record<string, unknown>>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'close');
    }
    rmSync(this.root, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const entry = path.join(this.#program, 'electron', 'headless.ts');
    const args = [entry, '--port', '0', '--no-open'];
    const child = spawn(process.execPath, args, { env: this.#env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('Holdfast did not start in time')), START_WITHIN_MS);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (!text.includes('is recording')) return;
        clearTimeout(late);
        resolve();
      });
      child.once('close', (code) => reject(new Error(`Holdfast ended at its start with ${String(code)}`)));
    });
  }
}

/** A folder for a run, on the disk that temporary files are on. */
export function makeBenchFolder(): string {
  return mkdtempSync(path.join(process.env['HOLDFAST_BENCH_DIR'] ?? os.tmpdir(), 'holdfast-bench-'));
}
