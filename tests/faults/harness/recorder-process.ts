/** Holdfast as it is built, in a process that may be killed at any moment of its life. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { HttpClient } from '../../../electron/commands/http-client.ts';
import { waitUntil } from '../../support/wait-until.ts';
import type { EpochPlace } from './epoch-place.ts';

const PROGRAM = path.resolve(import.meta.dirname, '..', '..', '..', 'dist', 'electron', 'headless.mjs');
const RECORDING_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;
const engineRecord = z.object({ pid: z.number(), apiUrl: z.string() });

export class RecorderProcess {
  readonly startedAt = performance.now();
  readonly #place: EpochPlace;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #recording: Promise<number>;
  #client: HttpClient | null = null;

  private constructor(place: EpochPlace, child: ChildProcess, log: WriteStream) {
    this.#place = place;
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code) => {
        log.end();
        resolve(code);
      });
    });
    this.#recording = this.#untilRecording(log);
    // Whoever wants to know awaits it; a kill before it is nobody's error.
    this.#recording.catch(() => undefined);
  }

  static start(place: EpochPlace, environment: Readonly<Record<string, string>>): RecorderProcess {
    const child = spawn(process.execPath, [PROGRAM, '--port', '0', '--no-open'], {
      cwd: place.root,
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(path.join(place.logs, 'recorder.log'), { flags: 'a' });
    return new RecorderProcess(place, child, log);
  }

  /** Exit code; null after a signal. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Monotonic ms at which it said that it records. Rejects when it ends before, or says nothing for a minute. */
  get recording(): Promise<number> {
    return this.#recording;
  }

  /** Signals this child only, and nobody once it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (!this.hasExited) this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exited;
  }

  /** Asks it to end. @returns its exit code; null when it had to be killed */
  async stop(): Promise<number | null> {
    const killer = setTimeout(() => this.signal('SIGKILL'), STOP_WITHIN_MS);
    this.signal('SIGTERM');
    const code = await this.#exited;
    clearTimeout(killer);
    return code;
  }

  /** True when a search finds the word: what holds it is saved. */
  async finds(word: string): Promise<boolean> {
    await this.#recording;
    const hits = await (await this.#api()).call('search.query', { query: word, limit: 1 });
    return hits.length > 0;
  }

  async #api(): Promise<HttpClient> {
    if (this.#client !== null) return this.#client;
    const { apiUrl } = await waitUntil(
      async () => engineRecord.parse(JSON.parse(await readFile(path.join(this.#place.home, 'engine.json'), 'utf8'))),
      ({ pid }) => pid === this.#child.pid,
      'the address of the API',
    );
    const token = (await readFile(path.join(this.#place.home, 'api-token'), 'utf8')).trim();
    this.#client = new HttpClient(apiUrl, token);
    return this.#client;
  }

  #untilRecording(log: WriteStream): Promise<number> {
    const { stdout, stderr } = this.#child;
    let text = '';
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`Holdfast did not say within a minute that it records: ${text}`));
      }, RECORDING_WITHIN_MS);
      for (const stream of [stdout, stderr]) {
        stream?.setEncoding('utf8').on('data', (chunk: string) => {
          text = (text + chunk).slice(-4000);
          if (!log.writableEnded) log.write(chunk);
          if (!text.includes('is recording')) return;
          clearTimeout(late);
          resolve(performance.now());
        });
      }
      void this.#exited.then((code) => {
        clearTimeout(late);
        reject(new Error(`Holdfast ended at its start with ${String(code)}: ${text}`));
      });
    });
  }
}
