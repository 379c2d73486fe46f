/** One Redis process that was started here: gets its configuration, tells when and how it ended, takes signals. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Clock } from '../core/clock.ts';

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines that the server wrote, of which Redis' warnings name the cause. */
  readonly log: string;
}

export interface SpawnOptions {
  readonly executable: string;
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly config: string;
  readonly clock: Clock;
}

const LOG_CHARACTERS_KEPT = 16_384;
const LAST_WORDS_WITHIN_MS = 100;

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<ServerExit>;
  #log = '';
  #hasExited = false;

  private constructor(child: ChildProcess, clock: Clock) {
    this.#child = child;
    this.#exited = this.#watch(clock);
  }

  /** Starts it. That the program cannot be executed is told as an exit, like any other end. */
  static spawn(options: SpawnOptions): ServerProcess {
    const child = spawn(options.executable, ['-'], {
      cwd: options.directory,
      env: { ...options.env },
      // A group of its own: Ctrl-C in a terminal is for Holdfast, which still drains into Redis while it stops.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const server = new ServerProcess(child, options.clock);
    child.stdin.end(options.config);
    return server;
  }

  /** Null when the program could not be executed. */
  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** Resolves when the process has ended; never rejects. */
  get exited(): Promise<ServerExit> {
    return this.#exited;
  }

  /** Signals this child only; does nothing once it has ended, when its number may belong to somebody else. */
  signal(signal: NodeJS.Signals): void {
    if (!this.#hasExited) this.#child.kill(signal);
  }

  async #watch(clock: Clock): Promise<ServerExit> {
    const child = this.#child;
    for (const output of [child.stdout, child.stderr]) {
      output?.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-LOG_CHARACTERS_KEPT);
      });
    }
    // A server that ends before it has read its configuration breaks this pipe; its exit tells the cause.
    child.stdin?.on('error', () => undefined);
    const closed = new Promise((resolve) => child.once('close', resolve));
    try {
      await once(child, 'exit');
    } catch (error) {
      this.#log += String(error);
    }
    this.#hasExited = true;
    // The last words are still in the pipe. A fork of the server (a rewrite of its log) may hold it open for long.
    await Promise.race([closed, clock.sleep(LAST_WORDS_WITHIN_MS)]);
    return { code: child.exitCode, signal: child.signalCode, log: this.#log };
  }
}
