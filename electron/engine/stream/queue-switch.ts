/**
 * The queue in use right now: the Redis Stream, or the bypass, or none while Redis comes back. Producers wait here, so
 * that capture slows down instead of failing; the consumer is woken when the queue changes.
 */
import { once } from 'node:events';
import { Emitter } from '../core/emitter.ts';
import type { SegmentQueue } from './segment-queue.ts';

export class QueueSwitch {
  readonly #changed = new Emitter<SegmentQueue | null>();
  readonly #wake = new EventTarget();
  #current: SegmentQueue | null = null;

  get current(): SegmentQueue | null {
    return this.#current;
  }

  /** Announces a new queue: everything that is not committed must be queued again, because a queue may forget. */
  onChange(listener: (queue: SegmentQueue | null) => void): Disposable {
    return this.#changed.on(listener);
  }

  /** Puts another queue to use. The caller opened it; the previous one is closed by the caller. */
  use(queue: SegmentQueue | null): void {
    if (queue === this.#current) return;
    this.#current = queue;
    this.#wake.dispatchEvent(new Event('change'));
    this.#changed.emit(queue);
  }

  /** Announces the queue in use once more: the committed positions have gone back, so what it holds does not follow them. */
  renew(): void {
    const queue = this.#current;
    this.use(null);
    this.use(queue);
  }

  /** The queue in use, as soon as there is one. */
  async available(signal: AbortSignal): Promise<SegmentQueue> {
    while (this.#current === null) {
      signal.throwIfAborted();
      await once(this.#wake, 'change', { signal });
    }
    return this.#current;
  }

  /** Resolves when `queue` is no longer the one in use. */
  async left(queue: SegmentQueue, signal: AbortSignal): Promise<void> {
    while (this.#current === queue) await once(this.#wake, 'change', { signal });
  }
}
