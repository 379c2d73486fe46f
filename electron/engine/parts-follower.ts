/**
 * Keeps the index of parts of words behind what is saved, in small steps while nothing else is being saved. In: the writing
 * thread. Out: nothing that anybody waits for; until it has caught up, the newest exchanges are found by whole words only.
 */
import { once } from 'node:events';
import { backoffMs } from './core/retry.ts';
import type { Clock } from './core/clock.ts';
import type { Emitter } from './core/emitter.ts';
import { describeError, isAbort } from './core/errors.ts';
import type { Logger } from './core/logger.ts';
import type { Service } from './core/service.ts';

export interface PartsFollowerOptions {
  /** Indexes some exchanges. @returns how many; 0: nothing is left */
  readonly indexSome: (most: number) => Promise<number>;
  /** True while transcripts are on their way into the database: they come first. */
  readonly isBusy: () => boolean;
  readonly saved: Pick<Emitter<{ readonly changedExchanges: number }>, 'on'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** Some 20 ms of work for the writing thread. */
const AT_ONCE = 50;
const BUSY_LOOK_MS = 250;
const RETRY = { firstMs: 1000, mostMs: 60_000 } as const;

export class PartsFollower implements Service {
  readonly name = 'index';
  readonly #options: PartsFollowerOptions;
  readonly #news = new EventTarget();
  #stop: AbortController | null = null;
  #loop: Promise<void> = Promise.resolve();
  #isUpToDate = false;
  #listening: Disposable | null = null;

  constructor(options: PartsFollowerOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    this.#listening = this.#options.saved.on(() => {
      this.#isUpToDate = false;
      this.#news.dispatchEvent(new Event('saved'));
    });
    this.#loop = this.#run(stop.signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#listening?.[Symbol.dispose]();
    this.#listening = null;
    this.#stop?.abort();
    this.#stop = null;
    await this.#loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { logger, clock, random } = this.#options;
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#step(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        this.#isUpToDate = false;
        logger.warn('indexing parts of words failed; whole words are found all the same', {
          error: describeError(error),
          failures,
        });
        await clock.sleep(backoffMs(failures, { ...RETRY, random }), signal).catch(ignoreAbort);
      }
    }
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { clock, isBusy, indexSome } = this.#options;
    if (this.#isUpToDate) await once(this.#news, 'saved', { signal });
    else if (isBusy()) await clock.sleep(BUSY_LOOK_MS, signal);
    else {
      this.#isUpToDate = true;
      // What is saved meanwhile takes the mark back.
      if ((await indexSome(AT_ONCE)) > 0) this.#isUpToDate = false;
    }
  }
}

function ignoreAbort(error: unknown): void {
  if (!isAbort(error)) throw error;
}
