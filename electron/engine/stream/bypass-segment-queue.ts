import { once } from 'node:events';
import type { Segment } from '../../../shared/segment.ts';
import { firstOf } from '../core/first-of.ts';
import type { QueueDepth, QueueEntry, SegmentQueue } from './segment-queue.ts';

interface Held {
  readonly entry: QueueEntry;
  deliveredAt: number | null;
}

/** Hands segments straight to the consumer when Redis cannot run. Lives in memory: after a crash the archive fills it again. */
export class BypassSegmentQueue implements SegmentQueue {
  readonly mode = 'bypass';
  readonly #monotonic: () => number;
  readonly #held = new Map<string, Held>();
  readonly #arrivals = new EventTarget();
  #lastId = 0;
  #isOpen = false;

  /** @param monotonic milliseconds, for the idle time of claims */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  open(): Promise<boolean> {
    const isNew = !this.#isOpen;
    this.#isOpen = true;
    return Promise.resolve(isNew);
  }

  append(segments: readonly Segment[]): Promise<void> {
    for (const segment of segments) {
      const id = String((this.#lastId += 1));
      this.#held.set(id, { entry: { id, segment }, deliveredAt: null });
    }
    this.#arrivals.dispatchEvent(new Event('arrival'));
    return Promise.resolve();
  }

  async read(most: number, blockMs: number, signal: AbortSignal): Promise<readonly QueueEntry[]> {
    signal.throwIfAborted();
    const ready = this.#deliver(most);
    if (ready.length > 0 || blockMs === 0) return ready;
    await firstOf(signal, [
      (over) => once(this.#arrivals, 'arrival', { signal: over }),
      () => once(AbortSignal.timeout(blockMs), 'abort'),
    ]);
    return this.#deliver(most);
  }

  pendingOf(afterId: string, most: number): Promise<readonly QueueEntry[]> {
    const after = Number(afterId);
    return Promise.resolve(
      this.#pending()
        .filter((held) => Number(held.entry.id) > after)
        .slice(0, most)
        .map((held) => held.entry),
    );
  }

  claim(minIdleMs: number, most: number): Promise<readonly QueueEntry[]> {
    const now = this.#monotonic();
    const idle = this.#pending()
      .filter((held) => now - (held.deliveredAt ?? now) >= minIdleMs)
      .slice(0, most);
    for (const held of idle) held.deliveredAt = now;
    return Promise.resolve(idle.map((held) => held.entry));
  }

  ack(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#held.delete(id);
    return Promise.resolve();
  }

  /** Nothing to do: acknowledged entries are not kept. */
  trim(): Promise<void> {
    return Promise.resolve();
  }

  depth(): Promise<QueueDepth> {
    return Promise.resolve({ depth: this.#held.size, pending: this.#pending().length });
  }

  close(): Promise<void> {
    this.#held.clear();
    this.#isOpen = false;
    return Promise.resolve();
  }

  #pending(): Held[] {
    return [...this.#held.values()].filter((held) => held.deliveredAt !== null);
  }

  #deliver(most: number): QueueEntry[] {
    const delivered: QueueEntry[] = [];
    const now = this.#monotonic();
    for (const held of this.#held.values()) {
      if (delivered.length >= most) break;
      if (held.deliveredAt !== null) continue;
      held.deliveredAt = now;
      delivered.push(held.entry);
    }
    return delivered;
  }
}
