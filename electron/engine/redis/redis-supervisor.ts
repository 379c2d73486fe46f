/**
 * Keeps one Redis running for Holdfast, or a connection to the one that a person named. Finds, starts or adopts it, watches it,
 * brings it back, and ends it on a clean stop. Its state is all that others see: they connect when it is `ready`, and
 * record without a queue while it is `failed` or `missing`. Redis being unavailable is never a reason not to start.
 */
import { statfs } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { Emitter } from '../core/emitter.ts';
import type { Clock } from '../core/clock.ts';
import { describeError, EngineError, isAbort, RedisServerError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { backoffMs } from '../core/retry.ts';
import type { Service } from '../core/service.ts';
import { connectExternal } from './external-server.ts';
import type { ServerSearch } from './find-server.ts';
import type { RedisRecovery, RedisState } from './redis-state.ts';
import { runCommand } from './run-command.ts';
import type { RunningServer } from './running-server.ts';
import { factsFromInfo, parseInfo, type ServerFacts } from './server-facts.ts';
import { ServerLauncher } from './server-launcher.ts';
import { ServerWatch } from './server-watch.ts';
import { DEFAULT_TIMINGS, type SupervisorTimings } from './supervisor-timings.ts';

export interface RedisSupervisorOptions {
  /** `<HOLDFAST_HOME>/redis`: the server's files, its password, its record. */
  readonly directory: string;
  /** Asked again at each start, so that a Redis that is installed meanwhile is found. */
  readonly find: () => Promise<ServerSearch>;
  readonly platform: NodeJS.Platform;
  /** `XDG_RUNTIME_DIR`, and on Windows `SystemRoot`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly temporaryDirectory: string;
  /** The user's numeric id; null where there are none. */
  readonly userId: number | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0…1. */
  readonly random: () => number;
  /** Default: a Unix socket, on Windows TCP on the loopback. */
  readonly transport?: 'socket' | 'tcp';
  readonly timings?: Partial<SupervisorTimings>;
  /** Free bytes of the disk that holds a folder. Default: asks the system. */
  readonly freeBytes?: (directory: string) => Promise<number>;
}

const RECOVERIES_KEPT = 20;

export class RedisSupervisor implements Service {
  readonly name = 'redis';
  readonly #options: RedisSupervisorOptions;
  readonly #timings: SupervisorTimings;
  readonly #logger: Logger;
  readonly #launcher: ServerLauncher;
  readonly #states = new Emitter<RedisState>();
  readonly #stopping = new AbortController();
  #state: RedisState = { kind: 'stopped' };
  #watch: ServerWatch | null = null;
  #running: Promise<void> | null = null;
  #usesDisk = false;
  #restarts = 0;
  #recoveries: readonly RedisRecovery[] = [];
  /** Monotonic times of the failures within the window. */
  #failures: readonly number[] = [];

  constructor(options: RedisSupervisorOptions) {
    this.#options = options;
    this.#timings = { ...DEFAULT_TIMINGS, ...options.timings };
    this.#logger = options.logger.child('redis');
    this.#launcher = new ServerLauncher({
      directory: options.directory,
      transport: options.transport ?? (options.platform === 'win32' ? 'tcp' : 'socket'),
      runtimeDirectory: options.env['XDG_RUNTIME_DIR'] ?? null,
      temporaryDirectory: options.temporaryDirectory,
      userId: options.userId,
      serverEnvironment: systemEnvironment(options.env),
      identity: { platform: options.platform, run: runCommand, env: systemEnvironment(options.env) },
      clock: options.clock,
      timings: this.#timings,
      freeBytes: options.freeBytes ?? freeBytes,
      onRecovery: (recovery) => {
        this.#noteRecovery(recovery);
      },
    });
  }

  get state(): RedisState {
    return this.#state;
  }

  /** How often the server was lost after it had been ready. */
  get restarts(): number {
    return this.#restarts;
  }

  /** What was put right since the start, oldest first; the last twenty. */
  get recoveries(): readonly RedisRecovery[] {
    return this.#recoveries;
  }

  /** Announces each change of the state. */
  onState(listener: (state: RedisState) => void): Disposable {
    return this.#states.on(listener);
  }

  /**
   * Resolves with the first outcome, be it `ready`, `failed`, `missing` or a restart under way; never rejects for the lack of a
   * Redis. Once stopped it cannot be started again.
   */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#setState({ kind: 'starting' });
    const settled = new AbortController();
    const listening = this.onState(() => {
      settled.abort();
    });
    this.#running = this.#run();
    const waiting = AbortSignal.any([settled.signal, signal]);
    await this.#options.clock.sleep(this.#timings.startWithinMs, waiting).catch(ignoreAbort);
    listening[Symbol.dispose]();
    if (signal.aborted) await this.stop();
    signal.throwIfAborted();
  }

  /** Ends the server cleanly and leaves no process behind. Not one that somebody else runs. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#setState({ kind: 'stopped' });
  }

  /**
   * Asks the server about itself.
   * Errors: REDIS_NOT_READY, STREAM_UNAVAILABLE.
   */
  async facts(): Promise<ServerFacts> {
    if (this.#watch === null) throw new RedisServerError('REDIS_NOT_READY', 'Redis is not ready.', { retryable: true });
    const info = parseInfo(await this.#watch.call('INFO'));
    return factsFromInfo(info, this.#options.clock.now());
  }

  async #run(): Promise<void> {
    const signal = this.#stopping.signal;
    while (!signal.aborted) {
      try {
        const server = await this.#bringUp(signal);
        if (server !== null) await this.#serve(server, signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#rest(error, signal).catch(ignoreAbort);
      }
    }
  }

  /** Null when there was no program to start; the time until the next look has passed then. */
  async #bringUp(signal: AbortSignal): Promise<RunningServer | null> {
    const { server, rejected } = await this.#options.find();
    signal.throwIfAborted();
    if (server === null) {
      const reason = ['There is no Redis on this machine.', ...rejected.map((one) => one.reason)].join(' ');
      this.#setState({ kind: 'missing', reason });
      await this.#options.clock.sleep(this.#timings.lookAgainMs, signal);
      return null;
    }
    this.#usesDisk = server.origin !== 'url';
    if (server.origin !== 'url') return this.#launcher.launch(server, signal);
    return connectExternal(server, { clock: this.#options.clock, timings: this.#timings, signal });
  }

  /** From PONG to the end of the server; rejects with the reason of the end. */
  async #serve(server: RunningServer, signal: AbortSignal): Promise<never> {
    const { endpoint, runId, version, origin, adopted } = server;
    const watch = new ServerWatch(server, { clock: this.#options.clock, timings: this.#timings });
    this.#watch = watch;
    this.#logger.info('redis was ready', { version, origin, adopted });
    this.#setState({ kind: 'ready', endpoint, runId, version, origin, adopted });
    let reason = '';
    try {
      reason = await watch.untilLost(signal);
      this.#restarts += 1;
      // Others let go of the server before it is ended, not after.
      this.#setState({ kind: 'restarting', attempt: this.#recentFailures().length + 1, reason });
    } finally {
      this.#watch = null;
      await watch.close();
      if (await server.process.end(signal.aborted ? 'clean' : 'hung')) await this.#launcher.forget();
    }
    throw new RedisServerError('REDIS_EXITED', reason, { retryable: true });
  }

  /** Says what is wrong and waits until the next try. */
  async #rest(error: unknown, signal: AbortSignal): Promise<void> {
    this.#failures = [...this.#recentFailures(), this.#options.clock.monotonic()];
    const attempt = this.#failures.length;
    const { failuresAllowed, retryWhenFailedMs, backoffFirstMs, backoffMostMs } = this.#timings;
    const { random } = this.#options;
    // A server that dies of a full disk would only do so again in a second.
    const isDiskFull = this.#usesDisk && (await this.#launcher.isDiskFull());
    const reason = isDiskFull ? 'The disk is full: Redis cannot run.' : reasonOf(error);
    if (attempt >= failuresAllowed || isDiskFull || isLasting(error)) {
      this.#logger.error('redis failed', { attempt, error: describeError(error) });
      this.#setState({ kind: 'failed', reason });
      await this.#options.clock.sleep(retryWhenFailedMs * (1 + random()), signal);
      return;
    }
    this.#logger.warn('redis was lost', { attempt, error: describeError(error) });
    this.#setState({ kind: 'restarting', attempt, reason });
    const delayMs = backoffMs(attempt, { firstMs: backoffFirstMs, mostMs: backoffMostMs, random });
    await this.#options.clock.sleep(delayMs, signal);
  }

  #recentFailures(): readonly number[] {
    const since = this.#options.clock.monotonic() - this.#timings.failureWindowMs;
    return this.#failures.filter((at) => at > since);
  }

  #noteRecovery(recovery: Omit<RedisRecovery, 'at'>): void {
    const { kind, path, reason } = recovery;
    this.#logger.warn('redis was put right', { kind, path, reason });
    this.#recoveries = [...this.#recoveries, { at: this.#options.clock.now(), ...recovery }].slice(-RECOVERIES_KEPT);
  }

  #setState(state: RedisState): void {
    if (isDeepStrictEqual(this.#state, state)) return;
    this.#state = state;
    this.#states.emit(state);
  }
}

/** Trying again in a second would not help: a setting has to be changed, here or on the other machine. */
function isLasting(error: unknown): boolean {
  return error instanceof EngineError && !error.retryable;
}

function reasonOf(error: unknown): string {
  return error instanceof EngineError ? error.message : 'Redis could not be started.';
}

/** Of the environment only what a program cannot run without: our variables and tokens are none of the server's. */
function systemEnvironment(env: RedisSupervisorOptions['env']): Readonly<Record<string, string>> {
  const kept: Record<string, string> = { LC_ALL: 'C' };
  for (const name of ['SystemRoot', 'TEMP', 'TMP']) {
    const value = env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

function ignoreAbort(error: unknown): void {
  if (!isAbort(error)) throw error;
}
