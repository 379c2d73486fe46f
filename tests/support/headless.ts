/** A Holdfast without a display: a process of its own, driven over its API. */
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { HttpClient } from '../../electron/commands/http-client.ts';
import type { Exchange } from '../../shared/exchange.ts';
import type { ArgsOf, ExchangePage, ResultOf, Topic } from '../../shared/ipc.ts';
import type { JobReport, StatusSnapshot, VerifyReport } from '../../shared/status.ts';
import { collect, exitOf, spawnPiped } from './child-process.ts';
import { waitUntil } from './wait-until.ts';

export interface HeadlessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Folder with `electron/headless.ts`; default: this clone. */
  readonly program?: string;
  /** Bound by the permissions of files even if root runs the tests. */
  readonly unprivileged?: boolean;
  /** Words before the command: a program that sets limits and then becomes the command. */
  readonly under?: readonly string[];
}

/** Where it runs; a `Workplace` is one. */
interface Place {
  readonly root: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
}

const CLONE = path.resolve(import.meta.dirname, '..', '..');
const STOP_WITHIN_MS = 8000;
const engineRecord = z.object({ pid: z.number(), apiUrl: z.string(), windowUrl: z.string().nullable() });

export class Headless {
  readonly apiUrl: string;
  readonly token: string;
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #output: { readonly texts: { stdout: string; stderr: string } };
  readonly #client: HttpClient;

  private constructor(
    child: ChildProcess,
    exited: Promise<number | null>,
    output: Headless['output'],
    engine: { readonly pid: number; readonly apiUrl: string; readonly token: string },
  ) {
    this.#process = child;
    this.#exited = exited;
    this.#output = { texts: output };
    this.pid = engine.pid;
    this.apiUrl = engine.apiUrl;
    this.token = engine.token;
    this.#client = new HttpClient(engine.apiUrl, engine.token);
  }

  static async start(place: Place, options: HeadlessOptions): Promise<Headless> {
    const { env = {}, args = [], program = CLONE, ...user } = options;
    const entry = path.join(program, 'electron', 'headless.ts');
    const where = { env: { ...place.env, ...env }, cwd: place.root, ...user };
    const child = spawnPiped(process.execPath, [entry, '--port', '0', '--no-open', ...args], where);
    const exited = exitOf(child);
    const { texts } = collect(child);
    let ended = false;
    void exited.then(() => (ended = true));
    try {
      await waitUntil(
        () => ({ ...texts, ended }),
        (seen) => seen.ended || seen.stdout.includes('is recording'),
        'start of Holdfast',
        40_000,
      );
      if (ended) throw new Error(`Holdfast ended at its start: ${texts.stdout}${texts.stderr}`);
      const record = engineRecord.parse(JSON.parse(await readFile(path.join(place.home, 'engine.json'), 'utf8')));
      const token = (await readFile(path.join(place.home, 'api-token'), 'utf8')).trim();
      return new Headless(child, exited, texts, { ...record, token });
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** All that it has printed so far. */
  get output(): { stdout: string; stderr: string } {
    return this.#output.texts;
  }

  /** Exit code, once it has ended; null after a signal. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  call<T extends Topic>(topic: T, args: ArgsOf<T>): Promise<ResultOf<T>> {
    return this.#client.call(topic, args);
  }

  status(): Promise<StatusSnapshot> {
    return this.call('status.get', {});
  }

  async waitForStatus(
    isWanted: (status: StatusSnapshot) => boolean,
    what: string,
    withinMs?: number,
  ): Promise<StatusSnapshot> {
    return waitUntil(() => this.status(), isWanted, what, withinMs);
  }

  /** Runs a job to its end. Rejects when it fails. */
  async job(request: ArgsOf<'jobs.start'>): Promise<JobReport> {
    const { id } = await this.call('jobs.start', request);
    const view = await waitUntil(
      () => this.call('jobs.get', { id }),
      (seen) => seen.state !== 'running',
      `end of ${request.kind}`,
      100_000,
    );
    if (view.report === null) throw new Error(`${request.kind} ${view.state}: ${view.error?.message ?? ''}`);
    return view.report;
  }

  /** The proof of the running program. */
  async verify(): Promise<VerifyReport> {
    const report = await this.job({ kind: 'verify' });
    if (report.kind !== 'verify') throw new Error(`unexpected report: ${report.kind}`);
    return report;
  }

  /** Everything that is saved. */
  async exchanges(): Promise<readonly Exchange[]> {
    const all: Exchange[] = [];
    for (let after: number | null = 0; after !== null;) {
      const page: ExchangePage = await this.call('exchanges.page', { after, limit: 500 });
      all.push(...page.items);
      after = page.next;
    }
    return all;
  }

  /** Waits until so many exchanges are saved, subagents not counted. */
  async waitForExchanges(count: number, withinMs?: number): Promise<StatusSnapshot> {
    const isThere = ({ store }: StatusSnapshot): boolean => store.exchanges >= count;
    return this.waitForStatus(isThere, `${String(count)} exchanges saved`, withinMs);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Asks it to end; resolves with its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.signal(signal);
    return this.#exited;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exited;
  }

  /** Ends it in whatever state it is: a test that fails must leave nothing behind. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const killer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_WITHIN_MS);
    await this.stop();
    clearTimeout(killer);
  }
}
