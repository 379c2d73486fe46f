import type { Segment } from '../../../shared/segment.ts';

/** One entry of the queue as it is delivered. */
export interface QueueEntry {
  readonly id: string;
  /** Null when the entry is damaged or its content is gone: its file must be queued again from the committed position. */
  readonly segment: Segment | null;
}

export interface QueueDepth {
  /** Entries that are not acknowledged: waiting plus pending. */
  readonly depth: number;
  /** Delivered, not yet acknowledged. */
  readonly pending: number;
}

/**
 * A durable buffer between capture and store, which may lose everything at any moment: the archive is the log. Entries are
 * delivered in the order of their append, at least once, until they are acknowledged.
 *
 * Every method may reject with STREAM_UNAVAILABLE (retryable).
 */
export interface SegmentQueue {
  readonly mode: 'redis' | 'bypass';
  /**
   * Makes what it needs (stream, group). Idempotent.
   * @returns true when it had to be made: whatever was queued before is not known to be there
   */
  open(): Promise<boolean>;
  /** Appends in order. */
  append(segments: readonly Segment[]): Promise<void>;
  /** Entries that were never delivered; waits up to `blockMs` for the first. Rejects with AbortError on `signal`. */
  read(most: number, blockMs: number, signal: AbortSignal): Promise<readonly QueueEntry[]>;
  /** Entries that this consumer got and did not acknowledge, from the one after `afterId` (`'0'`: from the oldest). */
  pendingOf(afterId: string, most: number): Promise<readonly QueueEntry[]>;
  /** Takes over entries that any consumer holds for longer than `minIdleMs`. */
  claim(minIdleMs: number, most: number): Promise<readonly QueueEntry[]>;
  /** Call it only after the commit in SQLite. */
  ack(ids: readonly string[]): Promise<void>;
  /** Drops acknowledged entries except the newest `keep`; never one at or above the oldest pending entry. */
  trim(keep: number): Promise<void>;
  depth(): Promise<QueueDepth>;
  close(): Promise<void>;
}
