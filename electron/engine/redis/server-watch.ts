/** Watches one running server: its process, where there is one to watch, and its answers to PING. */
import { existsSync } from 'node:fs';
import type { Clock } from '../core/clock.ts';
import { isAbort, RedisServerError, StreamError } from '../core/errors.ts';
import type { StreamConnection } from './redis-client.ts';
import type { RunningServer } from './running-server.ts';
import { inspectServer } from './server-inspection.ts';
import type { SupervisorTimings } from './supervisor-timings.ts';

export interface ServerWatchOptions {
  readonly clock: Clock;
  readonly timings: SupervisorTimings;
}

type Answer = 'pong' | 'silent' | 'gone' | 'changed';

/** A broken connection is often seen a moment before the exit that explains it. */
const EXIT_FOLLOWS_WITHIN_MS = 500;

export class ServerWatch {
  readonly #server: RunningServer;
  readonly #options: ServerWatchOptions;
  #connection: StreamConnection | null;
  #exitReason: string | null = null;
  #disturbed = new AbortController();

  constructor(server: RunningServer, options: ServerWatchOptions) {
    this.#server = server;
    this.#options = options;
    this.#connection = server.connection;
  }

  /**
   * Asks over the watch's own connection.
   * Errors: REDIS_NOT_READY between two connections, STREAM_UNAVAILABLE.
   */
  async call(command: string): Promise<unknown> {
    if (this.#connection === null)
      throw new RedisServerError('REDIS_NOT_READY', 'Redis is not ready.', { retryable: true });
    return this.#connection.call(command);
  }

  /** Resolves with a sentence when the server has to be replaced; rejects with an AbortError. */
  async untilLost(signal: AbortSignal): Promise<string> {
    const { missesAllowed } = this.#options.timings;
    let misses = 0;
    void this.#server.process.exited?.then((reason) => {
      this.#exitReason = reason;
      this.#disturbed.abort();
    });
    for (;;) {
      const isUndisturbed = await this.#pause(signal);
      if (this.#exitReason !== null) return this.#exitReason;
      const answer = await this.#ask();
      signal.throwIfAborted();
      if (answer === 'gone') return (await this.#explanation()) ?? 'Redis is not there any more.';
      if (answer === 'changed') return 'Another Redis took the place of the one that was in use.';
      // A server that closes its connections time and again is no better than one that is silent.
      misses = answer === 'pong' && isUndisturbed ? 0 : misses + 1;
      if (misses >= missesAllowed) return `Redis did not answer ${missesAllowed} times in a row.`;
    }
  }

  async close(): Promise<void> {
    await this.#connection?.close();
    this.#connection = null;
  }

  /** Until the next PING is due, or the connection or the process ends, which makes it false. */
  async #pause(signal: AbortSignal): Promise<boolean> {
    this.#disturbed = new AbortController();
    if (this.#exitReason !== null) return false;
    const closing = this.#connection?.onClose(() => {
      this.#connection = null;
      this.#disturbed.abort();
    });
    const ending = AbortSignal.any([signal, this.#disturbed.signal]);
    try {
      await this.#options.clock.sleep(this.#options.timings.pingEveryMs, ending);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!isAbort(error)) throw error;
      return false;
    } finally {
      closing?.[Symbol.dispose]();
    }
  }

  async #ask(): Promise<Answer> {
    // Without its socket it still answers those who are connected, and nobody else ever again.
    const { endpoint } = this.#server;
    if (endpoint.kind === 'socket' && !existsSync(endpoint.path)) return 'gone';
    if (this.#connection === null) {
      const answer = await this.#reconnect();
      if (answer !== null) return answer;
    }
    try {
      await this.#connection?.call('PING');
      return 'pong';
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      // LOADING or BUSY is an answer too.
      return error.context['replyCode'] === null ? 'silent' : 'pong';
    }
  }

  /** Null when the same run of the same server let us in again. */
  async #reconnect(): Promise<Answer | null> {
    const { endpoint, runId } = this.#server;
    const timeoutMs = this.#options.timings.pingTimeoutMs;
    const found = await inspectServer(endpoint, { name: 'holdfast-watch', timeoutMs });
    if (found.kind === 'absent') return 'gone';
    if (found.kind === 'silent') return 'silent';
    if (found.kind === 'refuses') return 'changed';
    if (found.runId !== runId) {
      await found.connection.close();
      return 'changed';
    }
    this.#connection = found.connection;
    return null;
  }

  async #explanation(): Promise<string | null> {
    const { exited } = this.#server.process;
    if (exited === null) return null;
    const late = this.#options.clock.sleep(EXIT_FOLLOWS_WITHIN_MS).then(() => null);
    return Promise.race([exited, late]);
  }
}
