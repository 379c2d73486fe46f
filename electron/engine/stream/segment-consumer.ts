/**
 * Takes entries from the queue to the store. In: whatever queue is in use. Out: batches to `save`, in order; after the
 * commit, and only here, the acknowledgement. A failure of the surroundings (disk full, database busy) is waited out; a
 * segment that fails for a reason of its own is set aside after a few tries, so that it never holds up the others.
 */
import type { Segment } from '../../../shared/segment.ts';
import { backoffMs } from '../core/retry.ts';
import type { Clock } from '../core/clock.ts';
import { EngineError, describeError, isAbort } from '../core/errors.ts';
import { firstOf } from '../core/first-of.ts';
import type { Logger } from '../core/logger.ts';
import type { Service } from '../core/service.ts';
import type { QueueSwitch } from './queue-switch.ts';
import type { QueueEntry, SegmentQueue } from './segment-queue.ts';

/** What became of a segment; see the store. `gap` and `mismatch`: queue the file again from its committed position. */
export type SegmentOutcome = 'committed' | 'already' | 'gap' | 'mismatch';

export interface SegmentSink {
  /** Saves in one transaction. Rejects with a retryable error when the surroundings are at fault. */
  save(segments: readonly Segment[]): Promise<readonly SegmentOutcome[]>;
  /** Keeps a segment as a dead letter and lets the committed position pass it. */
  setAside(segment: Segment, reason: string): Promise<void>;
  /** The file, or every file (null), must be queued again from its committed position. */
  requeue(archivePath: string | null): void;
}

export interface SegmentConsumerOptions {
  readonly queues: QueueSwitch;
  readonly sink: SegmentSink;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

const READ_ENTRIES = 256;
const READ_BLOCK_MS = 5000;
/** One transaction takes this much, so that live records do not wait behind an import for long. */
const BATCH_BYTES = 16 * 1024 * 1024;
const RETRY = { firstMs: 1000, mostMs: 60_000 } as const;
/** Without room nothing is parsed before it is refused, and room that has come back is to be used within 5 s. */
const NO_ROOM_RETRY = { firstMs: 1000, mostMs: 2000 } as const;
const NO_ROOM: ReadonlySet<string> = new Set(['DISK_FULL', 'STORE_FULL', 'STREAM_UNAVAILABLE']);
/** A segment that fails this often although everything else works is the culprit itself. */
const POISON_TRIES = 5;
const CLAIM_EVERY_MS = 30_000;
const CLAIM_IDLE_MS = 60_000;
const TRIM_EVERY_ACKS = 1000;
const KEPT_ENTRIES = 1000;

export class SegmentConsumer implements Service {
  readonly name = 'consumer';
  readonly #options: SegmentConsumerOptions;
  #stop: AbortController | null = null;
  #loop: Promise<void> = Promise.resolve();
  #acksSinceTrim = 0;
  #lastClaimAt = 0;
  #lastBeat: number | null = null;
  #retryingSince: number | null = null;

  constructor(options: SegmentConsumerOptions) {
    this.#options = options;
  }

  /** Last sign of life, monotonic ms; null before the start. */
  get lastBeat(): number | null {
    return this.#lastBeat;
  }

  /** Monotonic ms since when saving has failed again and again; null while all is well. */
  get retryingSince(): number | null {
    return this.#retryingSince;
  }

  start(): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    this.#loop = this.#run(stop.signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = null;
    await this.#loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { queues, logger, clock, random } = this.#options;
    for (let failures = 0; !signal.aborted;) {
      this.#beat();
      try {
        const queue = await queues.available(signal);
        await this.#consume(queue, signal, () => (failures = 0));
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        logger.warn('taking entries from the queue failed', { error: describeError(error), failures });
        const wait = backoffMs(failures, { ...retryAfter(error), random });
        await firstOf(signal, [(over) => clock.sleep(wait, over), (over) => this.#nextQueue(over)]).catch(ignoreAbort);
      }
    }
  }

  async #nextQueue(signal: AbortSignal): Promise<void> {
    const { queues } = this.#options;
    if (queues.current !== null) await queues.left(queues.current, signal);
    await queues.available(signal);
  }

  /** Runs until the queue is no longer the one in use. */
  async #consume(queue: SegmentQueue, stopped: AbortSignal, works: () => void): Promise<void> {
    const { queues } = this.#options;
    const replaced = new AbortController();
    using watch = queues.onChange((current) => {
      if (current !== queue) replaced.abort();
    });
    // It may have been replaced since it was handed out; nobody would tell of that any more.
    if (queues.current !== queue) return;
    const signal = AbortSignal.any([stopped, replaced.signal]);
    try {
      if (await queue.open()) this.#options.sink.requeue(null);
      await this.#drainPending(queue, signal);
      while (!signal.aborted) {
        const entries = await queue.read(READ_ENTRIES, READ_BLOCK_MS, signal);
        this.#beat();
        works();
        await this.#handle(queue, entries, signal);
        await this.#claimStuck(queue, signal);
      }
    } catch (error) {
      if (!(replaced.signal.aborted && !stopped.aborted)) throw error;
    }
    void watch;
  }

  /** What an earlier run had taken and not acknowledged. */
  async #drainPending(queue: SegmentQueue, signal: AbortSignal): Promise<void> {
    for (let after = '0'; ;) {
      const entries = await queue.pendingOf(after, READ_ENTRIES);
      const last = entries.at(-1);
      if (last === undefined) return;
      await this.#handle(queue, entries, signal);
      after = last.id;
    }
  }

  async #claimStuck(queue: SegmentQueue, signal: AbortSignal): Promise<void> {
    const now = this.#options.clock.monotonic();
    if (now - this.#lastClaimAt < CLAIM_EVERY_MS) return;
    this.#lastClaimAt = now;
    await this.#handle(queue, await queue.claim(CLAIM_IDLE_MS, READ_ENTRIES), signal);
  }

  async #handle(queue: SegmentQueue, entries: readonly QueueEntry[], signal: AbortSignal): Promise<void> {
    for (const batch of batchesOf(entries)) {
      // Nothing is lost: what was taken and not acknowledged comes first the next time.
      signal.throwIfAborted();
      const whole = batch.filter(hasSegment);
      const outcomes = await this.#saveWithPatience(
        whole.map((entry) => entry.segment),
        signal,
      );
      // The rewind is asked for before the acknowledgement: after it, nothing else would bring the range back.
      for (const [index, entry] of whole.entries()) {
        const outcome = outcomes[index];
        if (outcome === 'gap' || outcome === 'mismatch') this.#options.sink.requeue(entry.segment.archivePath);
      }
      if (whole.length < batch.length) this.#options.sink.requeue(null);
      await queue.ack(batch.map((entry) => entry.id));
      this.#acksSinceTrim += batch.length;
    }
    if (this.#acksSinceTrim >= TRIM_EVERY_ACKS) {
      this.#acksSinceTrim = 0;
      await queue.trim(KEPT_ENTRIES);
    }
  }

  async #saveWithPatience(segments: readonly Segment[], signal: AbortSignal): Promise<readonly SegmentOutcome[]> {
    if (segments.length === 0) return [];
    const { sink, clock, logger, random } = this.#options;
    for (let attempt = 1, ownFailures = 0; ; attempt += 1) {
      this.#beat();
      try {
        const outcomes = await sink.save(segments);
        this.#retryingSince = null;
        return outcomes;
      } catch (error) {
        signal.throwIfAborted();
        const isEnvironment = isPassing(error);
        if (!isEnvironment && segments.length > 1) return await this.#saveEach(segments, signal);
        if (!isEnvironment) ownFailures += 1;
        if (ownFailures >= POISON_TRIES) return await this.#giveUp(segments, error, signal);
        this.#retryingSince ??= clock.monotonic();
        logger.warn('saving failed', { error: describeError(error), attempt });
        await clock.sleep(isEnvironment ? backoffMs(attempt, { ...retryAfter(error), random }) : 0, signal);
      }
    }
  }

  async #saveEach(segments: readonly Segment[], signal: AbortSignal): Promise<readonly SegmentOutcome[]> {
    const outcomes: SegmentOutcome[] = [];
    for (const segment of segments) {
      signal.throwIfAborted();
      outcomes.push(...(await this.#saveWithPatience([segment], signal)));
    }
    return outcomes;
  }

  async #giveUp(segments: readonly Segment[], error: unknown, signal: AbortSignal): Promise<readonly SegmentOutcome[]> {
    const reason = error instanceof EngineError ? error.code : 'INTERNAL';
    for (const segment of segments) {
      await this.#setAside(segment, reason, signal);
      this.#options.logger.error('a segment was set aside', {
        error: describeError(error),
        path: segment.archivePath,
        start: segment.start,
        end: segment.end,
      });
    }
    this.#retryingSince = null;
    return segments.map(() => 'committed');
  }

  /** Setting aside writes to the same database, which may be full by now. */
  async #setAside(segment: Segment, reason: string, signal: AbortSignal): Promise<void> {
    const { sink, clock, logger, random } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      this.#beat();
      try {
        await sink.setAside(segment, reason);
        return;
      } catch (error) {
        signal.throwIfAborted();
        this.#retryingSince ??= clock.monotonic();
        logger.warn('setting a segment aside failed', { error: describeError(error), attempt });
        await clock.sleep(backoffMs(attempt, { ...retryAfter(error), random }), signal);
      }
    }
  }

  #beat(): void {
    this.#lastBeat = this.#options.clock.monotonic();
  }
}

/** The surroundings are at fault: the same segments may be saved later. */
function isPassing(error: unknown): boolean {
  return error instanceof EngineError && error.retryable;
}

/** A Redis without memory or disk refuses before it does anything, as the store does. */
function retryAfter(error: unknown): typeof RETRY | typeof NO_ROOM_RETRY {
  const isWithoutRoom = error instanceof EngineError && NO_ROOM.has(error.code);
  return isWithoutRoom ? NO_ROOM_RETRY : RETRY;
}

type WholeEntry = QueueEntry & { readonly segment: Segment };

function hasSegment(entry: QueueEntry): entry is WholeEntry {
  return entry.segment !== null;
}

function* batchesOf(entries: readonly QueueEntry[]): Generator<readonly QueueEntry[], void, undefined> {
  let batch: QueueEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = entry.segment === null ? 0 : entry.segment.end - entry.segment.start;
    if (batch.length > 0 && bytes + size > BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

function ignoreAbort(error: unknown): void {
  if (!isAbort(error)) throw error;
}
