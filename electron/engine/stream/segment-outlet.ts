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
  readonly signal: AbortSignal;
}

const ENTRIES_AT_ONCE = 64;
const RETRY = { firstMs: 250, mostMs: 10_000 } as const;
/** Full for this long: look whether there is anything in the queue at all. */
const LOST_LOOK_MS = 2000;

/**
 * The producers' end of the queue. Waits while too much is under way or while there is no queue; tries again when a queue
 * refuses. What it was given is archived already, so waiting is all that can happen to it.
 */
export class SegmentOutlet {
  readonly #options: SegmentOutletOptions;

  constructor(options: SegmentOutletOptions) {
    this.#options = options;
  }

  async append(segments: readonly Segment[]): Promise<void> {
    for (let from = 0; from < segments.length; from += ENTRIES_AT_ONCE) {
      await this.#appendSome(segments.slice(from, from + ENTRIES_AT_ONCE));
    }
  }

  async #appendSome(segments: readonly Segment[]): Promise<void> {
    const { queues, backpressure, clock, logger, random, signal } = this.#options;
    const bytes = bytesOf(segments);
    for (let attempt = 1; ; attempt += 1) {
      await queues.available(signal);
      // Before they are appended: they may be saved, and given back, before the append is answered.
      await this.#takeRoom(bytes);
      try {
        const queue = await queues.available(signal);
        await queue.append(segments);
        return;
      } catch (error) {
        backpressure.release(bytes);
        if (!(error instanceof EngineError) || !error.retryable) throw error;
        logger.debug('queueing was refused', { error: describeError(error), attempt });
        await clock.sleep(backoffMs(attempt, { ...RETRY, random }), signal);
      }
    }
  }

  async #takeRoom(bytes: number): Promise<void> {
    const { backpressure, clock, signal } = this.#options;
    while (!backpressure.tryTake(bytes)) {
      const until = clock.monotonic() + LOST_LOOK_MS;
      await firstOf(signal, [(over) => backpressure.freed(over), (over) => clock.sleep(LOST_LOOK_MS, over)]);
      if (clock.monotonic() >= until) await this.#forgetLost();
    }
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
