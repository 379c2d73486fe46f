import type { Segment } from '../../../shared/segment.ts';
import type { Backpressure } from '../core/backpressure.ts';
import type { Clock } from '../core/clock.ts';
import { EngineError, describeError } from '../core/errors.ts';
import { firstOf } from '../core/first-of.ts';
import type { Logger } from '../core/logger.ts';
import { backoffMs } from '../core/retry.ts';
import type { QueueSwitch } from './queue-switch.ts';

export interface SegmentOutletOptions {
  readonly queues: QueueSwitch;
  readonly backpressure: Backpressure;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** Nothing is to be queued now, because nothing could be saved. */
  readonly isHeld: () => boolean;
}

const ENTRIES_AT_ONCE = 64;
/** A queue whose disk or memory was full is asked again so often that room which has come back is used within 5 s. */
const REST = { firstMs: 250, mostMs: 4000 } as const;
/** How often somebody who waits for room looks again, whatever happens meanwhile. */
const LOOK_MS = 1000;
/** Full for this long: look whether there is anything in the queue at all. */
const LOST_LOOK_MS = 2000;

/**
 * The producers' end of the queue. It never makes anybody wait who did not ask for that: what it was given is archived already,
 * so whoever finds no room comes again later and reads it from the archive.
 */
export class SegmentOutlet {
  readonly #options: SegmentOutletOptions;
  #refusals = 0;
  #restsUntil = -Infinity;

  constructor(options: SegmentOutletOptions) {
    this.#options = options;
  }

  /** There is a queue, it is not at rest after a refusal, and not too much is under way. */
  get takes(): boolean {
    const { queues, backpressure, clock, isHeld } = this.#options;
    return queues.current !== null && !backpressure.isFull && clock.monotonic() >= this.#restsUntil && !isHeld();
  }

  /** Resolves when it takes segments. Rejects with an AbortError on `signal`. */
  async room(signal: AbortSignal): Promise<void> {
    const { queues, backpressure, clock } = this.#options;
    let fullSince = clock.monotonic();
    for (;;) {
      signal.throwIfAborted();
      if (this.takes) return;
      if (!backpressure.isFull) fullSince = clock.monotonic();
      await firstOf(signal, [
        (over) => (queues.current === null ? queues.available(over) : backpressure.freed(over)),
        (over) => clock.sleep(this.#untilNextLookMs(), over),
      ]);
      if (!backpressure.isFull || clock.monotonic() - fullSince < LOST_LOOK_MS) continue;
      fullSince = clock.monotonic();
      await this.#forgetLost();
    }
  }

  /**
   * Appends in order, however full it is.
   * @returns false when the queue refused or there is none: how many of them it has is not known, so all are to be given again
   */
  async append(segments: readonly Segment[]): Promise<boolean> {
    for (let from = 0; from < segments.length; from += ENTRIES_AT_ONCE) {
      if (!(await this.#appendSome(segments.slice(from, from + ENTRIES_AT_ONCE)))) return false;
    }
    return true;
  }

  #untilNextLookMs(): number {
    const restMs = this.#restsUntil - this.#options.clock.monotonic();
    return restMs > 0 ? Math.min(LOOK_MS, restMs) : LOOK_MS;
  }

  async #appendSome(segments: readonly Segment[]): Promise<boolean> {
    const { queues, backpressure } = this.#options;
    const queue = queues.current;
    if (queue === null) return false;
    const bytes = bytesOf(segments);
    // Before they are appended: they may be saved, and given back, before the append is answered.
    backpressure.take(bytes);
    try {
      await queue.append(segments);
      this.#refusals = 0;
      return true;
    } catch (error) {
      backpressure.release(bytes);
      if (!(error instanceof EngineError)) throw error;
      this.#rest(error);
      return false;
    }
  }

  #rest(error: EngineError): void {
    const { clock, logger, random } = this.#options;
    this.#refusals += 1;
    const restMs = error.retryable ? backoffMs(this.#refusals, { ...REST, random }) : REST.mostMs;
    this.#restsUntil = clock.monotonic() + restMs;
    const fields = { error: describeError(error), attempt: this.#refusals };
    if (error.retryable) logger.debug('queueing was refused', fields);
    else logger.warn('queueing was refused', fields);
  }

  /** What the queue has lost is never given back: when it is empty, nothing is under way whatever the figure says. */
  async #forgetLost(): Promise<void> {
    const { queues, backpressure, logger } = this.#options;
    try {
      if ((await queues.current?.depth())?.depth !== 0) return;
      logger.warn('the queue is empty although bytes were under way', { bytes: backpressure.held });
      backpressure.reset();
    } catch (error) {
      if (!(error instanceof EngineError) || !error.retryable) throw error;
      logger.debug('the depth of the queue is not known', { error: describeError(error) });
    }
  }
}

export function bytesOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + (segment.end - segment.start), 0);
}
