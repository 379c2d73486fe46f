import type { StreamConnection } from '../../electron/engine/redis/redis-client.ts';
import { Emitter } from '../../electron/engine/core/emitter.ts';
import { StreamError } from '../../electron/engine/core/errors.ts';
import type { Clock } from '../../electron/engine/core/clock.ts';
import type { IoSteps } from './io-steps.ts';
import { BLOCKED, Refusal, type MemoryRedis } from './memory-redis.ts';

export interface ConnectionOptions {
  readonly server: MemoryRedis;
  readonly io: IoSteps;
  readonly clock: Pick<Clock, 'sleep'>;
}

const PASSING_REFUSALS: ReadonlySet<string> = new Set(['NOGROUP', 'OOM', 'MISCONF', 'LOADING']);

/** One connection to the Redis in memory. Its commands are carried out in their order, each when the schedule says so. */
export class MemoryConnection implements StreamConnection {
  readonly #options: ConnectionOptions;
  readonly #closed = new Emitter<void>();
  readonly #unanswered = new Set<(error: Error) => void>();
  #isClosed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  async call(command: string, ...args: readonly (string | number | Buffer)[]): Promise<unknown> {
    const words = [command, ...args].map(String);
    const reply = await this.#send(() => this.#options.server.execute(words));
    return reply === BLOCKED ? await this.#wait(words) : reply;
  }

  async pipeline(commands: readonly (readonly (string | number | Buffer)[])[]): Promise<readonly unknown[]> {
    const sent = commands.map((words) => this.#send(() => this.#options.server.execute(words.map(String))));
    const outcomes = await Promise.allSettled(sent);
    return outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    });
  }

  onClose(listener: () => void): Disposable {
    if (!this.#isClosed) return this.#closed.on(listener);
    listener();
    return { [Symbol.dispose]: () => undefined };
  }

  close(): Promise<void> {
    this.cut(false);
    return Promise.resolve();
  }

  /** @param isSent the server has got what was sent before; only its answers are lost */
  cut(isSent: boolean): void {
    if (this.#isClosed) return;
    if (isSent) this.#options.io.finish(this);
    this.#isClosed = true;
    for (const refuse of [...this.#unanswered]) refuse(lost());
    this.#closed.emit();
  }

  #send<T>(effect: () => T): Promise<T> {
    return this.#answered((resolve, reject) => {
      const run = (): T => {
        if (this.#isClosed) throw lost();
        return effect();
      };
      this.#options.io.take(run, this).then(resolve, (error: unknown) => {
        reject(error instanceof Refusal ? refused(error) : error instanceof Error ? error : lost());
      });
    });
  }

  #wait(words: readonly string[]): Promise<unknown> {
    const { server, io, clock } = this.#options;
    const over = new AbortController();
    const blockMs = Number(words[words.indexOf('BLOCK') + 1]);
    return this.#answered<unknown>((resolve, reject) => {
      // The server counts the time: once it has answered, none can run out.
      const answered = (effect: () => unknown): void => {
        over.abort();
        io.take(effect, this).then(resolve, reject);
      };
      const waiting = server.wait({
        words,
        answer: (reply) => {
          answered(() => reply);
        },
        refuse: (error) => {
          answered(() => {
            throw refused(error);
          });
        },
      });
      const leave = (): void => {
        waiting[Symbol.dispose]();
      };
      over.signal.addEventListener('abort', leave);
      clock.sleep(blockMs, over.signal).then(
        () => {
          leave();
          resolve(null);
        },
        () => undefined, // Answered before.
      );
    }).finally(() => {
      over.abort();
    });
  }

  /** Rejected when the connection ends before there is an answer. */
  #answered<T>(ask: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const done = (): void => void this.#unanswered.delete(refuse);
      const refuse = (error: Error): void => {
        done();
        reject(error);
      };
      if (this.#isClosed) {
        reject(lost());
        return;
      }
      this.#unanswered.add(refuse);
      ask((value) => {
        done();
        resolve(value);
      }, refuse);
    });
  }
}

function lost(): StreamError {
  return new StreamError('STREAM_UNAVAILABLE', 'the connection is lost', {
    retryable: true,
    context: { replyCode: null },
  });
}

function refused({ message }: Error): StreamError {
  const [replyCode = 'ERR'] = message.split(' ');
  return new StreamError('STREAM_UNAVAILABLE', message, {
    retryable: PASSING_REFUSALS.has(replyCode),
    context: { replyCode },
  });
}
