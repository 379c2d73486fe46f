import type { Segment } from '../../../shared/segment.ts';
import type { Backpressure } from '../core/backpressure.ts';
import type { Clock } from '../core/clock.ts';
import { EngineError, describeError } from '../core/errors.ts';
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
    for (let attempt = 1; ; attempt += 1) {
      await backpressure.room(signal);
      const queue = await queues.available(signal);
      try {
        await queue.append(segments);
        backpressure.add(bytesOf(segments));
        return;
      } catch (error) {
        if (!(error instanceof EngineError) || !error.retryable) throw error;
        logger.debug('queueing was refused', { error: describeError(error), attempt });
        await clock.sleep(backoffMs(attempt, { ...RETRY, random }), signal);
      }
    }
  }
}

export function bytesOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + (segment.end - segment.start), 0);
}
