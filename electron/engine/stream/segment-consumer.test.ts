import { describe, expect, it, vi } from 'vitest';
import { until } from '../core/test-support/until.ts';
import type { Segment } from '../../../shared/segment.ts';
import { EngineError, StoreError } from '../core/errors.ts';
import { silentLogger } from '../core/logger.ts';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { BypassSegmentQueue } from './bypass-segment-queue.ts';
import { QueueSwitch } from './queue-switch.ts';
import { SegmentConsumer, type SegmentOutcome, type SegmentSink } from './segment-consumer.ts';
import type { QueueEntry } from './segment-queue.ts';
import { segmentAt, segmentsFrom } from './test-support/segments.ts';

const BUSY = new StoreError('STORE_BUSY', 'the database is busy', { retryable: true });
const FULL = new StoreError('STORE_FULL', 'the disk is full', { retryable: true });
const BROKEN = new StoreError('STORE_FAILED', 'this segment breaks it');

/** Keeps what it saves; fails as the test says. Everything that happens is written down in its order. */
class ListSink implements SegmentSink {
  readonly events: string[] = [];
  readonly saved: number[] = [];
  readonly aside: number[] = [];
  beforeSave: (segments: readonly Segment[]) => Promise<void> | void = () => undefined;
  beforeSetAside: () => void = () => undefined;
  outcomeOf: (segment: Segment) => SegmentOutcome = () => 'committed';

  async save(segments: readonly Segment[]): Promise<readonly SegmentOutcome[]> {
    await this.beforeSave(segments);
    this.events.push(`save ${segments.map((segment) => segment.start).join(' ')}`);
    this.saved.push(...segments.map((segment) => segment.start));
    return segments.map((segment) => this.outcomeOf(segment));
  }

  setAside(segment: Segment, reason: string): Promise<void> {
    this.beforeSetAside();
    this.events.push(`aside ${segment.start} ${reason}`);
    this.aside.push(segment.start);
    return Promise.resolve();
  }

  requeue(archivePath: string | null): void {
    this.events.push(`requeue ${archivePath ?? 'everything'}`);
  }
}

/** Tells of acknowledgements in the same list, and can hand out what was never appended. */
class WatchedQueue extends BypassSegmentQueue {
  readonly #events: string[];
  extra: QueueEntry[] = [];
  failures: Error[] = [];

  constructor(clock: ManualClock, events: string[]) {
    super(() => clock.monotonic());
    this.#events = events;
  }

  override async read(most: number, blockMs: number, signal: AbortSignal): Promise<readonly QueueEntry[]> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    if (this.extra.length > 0) return this.extra.splice(0);
    return super.read(most, blockMs, signal);
  }

  override async ack(ids: readonly string[]): Promise<void> {
    this.#events.push(`ack ${ids.length}`);
    await super.ack(ids);
  }
}

class Bed implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly sink = new ListSink();
  readonly queues = new QueueSwitch();
  readonly queue = this.newQueue();
  readonly consumer = new SegmentConsumer({
    queues: this.queues,
    sink: this.sink,
    clock: this.clock,
    logger: silentLogger,
    random: () => 1,
  });

  newQueue(): WatchedQueue {
    return new WatchedQueue(this.clock, this.sink.events);
  }

  /** The consumer at work on its queue. */
  async started(): Promise<void> {
    this.queues.use(this.queue);
    await this.consumer.start();
  }

  async saved(count: number): Promise<void> {
    await until(() => this.sink.saved.length >= count);
  }

  async acknowledged(queue = this.queue): Promise<void> {
    await until(async () => (await queue.depth()).depth === 0);
  }

  /** Lets the consumer's present wait pass. @returns how long it was */
  async nextWait(): Promise<number> {
    const wait = await until(() => this.clock.sleeping[0]);
    this.clock.advance(wait);
    return wait;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.consumer.stop();
  }
}

describe('SegmentConsumer', () => {
  it('saves entries in their order and acknowledges them afterwards', async () => {
    await using bed = new Bed();
    await bed.queue.append(segmentsFrom(0, 3));

    await bed.started();
    await bed.acknowledged();

    expect(bed.sink.events).toEqual(['requeue everything', 'save 0 100 200', 'ack 3']);
  });

  it('acknowledges nothing before the save has come to its end', async () => {
    await using bed = new Bed();
    let finish = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let isSaving = false;
    bed.sink.beforeSave = async () => {
      isSaving = true;
      await gate;
    };
    await bed.queue.append(segmentsFrom(0, 2));

    await bed.started();
    await until(() => isSaving);
    const during = await bed.queue.depth();
    finish();
    await bed.acknowledged();

    expect(during).toEqual({ depth: 2, pending: 2 });
  });

  it('begins with what an earlier run had taken and not acknowledged', async () => {
    await using bed = new Bed();
    await bed.queue.open();
    await bed.queue.append(segmentsFrom(0, 3));
    await bed.queue.read(2, 0, new AbortController().signal);

    await bed.started();
    await bed.acknowledged();

    expect(bed.sink.events).toEqual(['save 0 100', 'ack 2', 'save 200', 'ack 1']);
  });

  it('divides a lot into several transactions', async () => {
    await using bed = new Bed();
    const quarter = 4 * 1024 * 1024;
    const large = [0, 1, 2, 3, 4].map((index) =>
      segmentAt(0, { start: index * 1.5 * quarter, end: (index + 1) * 1.5 * quarter }),
    );
    await bed.queue.append([...large, segmentAt(0, { start: 7.5 * quarter, end: 20 * quarter })]);

    await bed.started();
    await bed.acknowledged();

    expect(bed.sink.events.filter((event) => event.startsWith('ack'))).toEqual(['ack 2', 'ack 2', 'ack 1', 'ack 1']);
  });

  it('waits out a failure of the surroundings with growing delay, and saves the same batch', async () => {
    await using bed = new Bed();
    let failures = 4;
    const tried: string[] = [];
    bed.sink.beforeSave = (segments) => {
      tried.push(segments.map((segment) => segment.start).join(' '));
      if ((failures -= 1) >= 0) throw BUSY;
    };
    await bed.queue.append(segmentsFrom(0, 3));

    await bed.started();
    const waits = [await bed.nextWait(), await bed.nextWait(), await bed.nextWait()];
    const troubledSince = bed.consumer.retryingSince;
    waits.push(await bed.nextWait());
    await bed.acknowledged();

    expect(waits).toEqual([1000, 2000, 4000, 8000]);
    expect(tried).toEqual(Array.from({ length: 5 }, () => '0 100 200'));
    expect(troubledSince).toBe(1_000_000);
    expect(bed.consumer.retryingSince).toBeNull();
    expect(bed.sink.aside).toEqual([]);
  });

  it('never sets a segment aside for a failure of the surroundings, however long it lasts', async () => {
    await using bed = new Bed();
    let failures = 30;
    bed.sink.beforeSave = () => {
      if ((failures -= 1) >= 0) throw BUSY;
    };
    await bed.queue.append(segmentsFrom(0, 1));

    await bed.started();
    const waits: number[] = [];
    for (let i = 0; i < 30; i += 1) waits.push(await bed.nextWait());
    await bed.acknowledged();

    expect(Math.max(...waits)).toBe(60_000);
    expect(bed.sink.aside).toEqual([]);
  });

  it('asks a full disk again so often that room which comes back is used within five seconds', async () => {
    await using bed = new Bed();
    let failures = 6;
    bed.sink.beforeSave = () => {
      if ((failures -= 1) >= 0) throw FULL;
    };
    await bed.queue.append(segmentsFrom(0, 1));

    await bed.started();
    const waits: number[] = [];
    for (let i = 0; i < 6; i += 1) waits.push(await bed.nextWait());
    await bed.acknowledged();

    expect(waits).toEqual([1000, 2000, 2000, 2000, 2000, 2000]);
  });

  it('sets a poisonous segment aside after five tries of its own, and saves those around it', async () => {
    await using bed = new Bed();
    let tries = 0;
    bed.sink.beforeSave = (segments) => {
      if (!segments.some((segment) => segment.start === 200)) return;
      if (segments.length === 1) tries += 1;
      throw BROKEN;
    };
    await bed.queue.append(segmentsFrom(0, 5));

    await bed.started();
    await bed.acknowledged();

    expect(tries).toBe(5);
    expect(bed.sink.events).toEqual([
      'requeue everything',
      'save 0',
      'save 100',
      'aside 200 STORE_FAILED',
      'save 300',
      'save 400',
      'ack 5',
    ]);
    expect(bed.consumer.retryingSince).toBeNull();
  });

  it('names an error without a code INTERNAL when it sets a segment aside', async () => {
    await using bed = new Bed();
    bed.sink.beforeSave = () => {
      throw new TypeError('x is not a function');
    };
    await bed.queue.append([segmentAt(0)]);

    await bed.started();
    await bed.acknowledged();

    expect(bed.sink.events.at(-2)).toBe('aside 0 INTERNAL');
  });

  it('does not count failures of the surroundings among the tries of a segment', async () => {
    await using bed = new Bed();
    const errors: EngineError[] = [FULL, BROKEN, FULL, BROKEN, FULL, BROKEN, FULL, FULL];
    bed.sink.beforeSave = () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
    };
    await bed.queue.append([segmentAt(0)]);

    await bed.started();
    for (let i = 0; i < 5; i += 1) await bed.nextWait();
    await bed.acknowledged();

    expect(bed.sink.aside).toEqual([]);
    expect(bed.sink.saved).toEqual([0]);
  });

  it('tries again to set a segment aside when the disk is full by then, and acknowledges only after', async () => {
    await using bed = new Bed();
    let failures = 2;
    bed.sink.beforeSave = () => {
      throw BROKEN;
    };
    bed.sink.beforeSetAside = () => {
      if ((failures -= 1) >= 0) throw FULL;
    };
    await bed.queue.append([segmentAt(0)]);

    await bed.started();
    const first = await bed.nextWait();
    const during = await bed.queue.depth();
    const second = await bed.nextWait();
    await bed.acknowledged();

    expect([first, second]).toEqual([1000, 2000]);
    expect(during.depth).toBe(1);
    expect(bed.sink.events).toEqual(['requeue everything', 'aside 0 STORE_FAILED', 'ack 1']);
  });

  it.each(['gap', 'mismatch'] as const)('asks for the file again before it acknowledges a %s', async (outcome) => {
    await using bed = new Bed();
    bed.sink.outcomeOf = (segment) => (segment.start === 100 ? outcome : 'committed');
    await bed.queue.append([segmentAt(0), segmentAt(1, { archivePath: 'a/b/c' }), segmentAt(2)]);

    await bed.started();
    await bed.acknowledged();

    expect(bed.sink.events).toEqual(['requeue everything', 'save 0 100 200', 'requeue a/b/c', 'ack 3']);
  });

  it('asks for every file again before it acknowledges an entry that cannot be read', async () => {
    await using bed = new Bed();
    bed.queue.extra = [
      { id: '901', segment: segmentAt(0) },
      { id: '902', segment: null },
      { id: '903', segment: segmentAt(1) },
    ];

    await bed.started();
    await until(() => bed.sink.events.includes('ack 3'));

    expect(bed.sink.events).toEqual(['requeue everything', 'save 0 100', 'requeue everything', 'ack 3']);
  });

  it('goes on with the new queue when it is changed while a read waits', async () => {
    await using bed = new Bed();
    const next = bed.newQueue();
    await bed.queue.append(segmentsFrom(0, 1));
    await bed.started();
    await bed.acknowledged();

    await next.append(segmentsFrom(1, 1));
    bed.queues.use(next);
    await bed.saved(2);
    await bed.queue.append(segmentsFrom(5, 1));
    await next.append(segmentsFrom(2, 1));
    await bed.saved(3);

    expect(bed.sink.saved).toEqual([0, 100, 200]);
  });

  it('goes on with the new queue when it is changed while saving fails', async () => {
    await using bed = new Bed();
    const next = bed.newQueue();
    bed.sink.beforeSave = () => {
      throw FULL;
    };
    await bed.queue.append(segmentsFrom(0, 1));
    await bed.started();
    await until(() => bed.clock.sleeping.length === 1);

    bed.sink.beforeSave = () => undefined;
    await next.append(segmentsFrom(1, 1));
    bed.queues.use(next);
    await bed.saved(1);

    expect(bed.sink.saved).toEqual([100]);
    expect(bed.clock.sleeping).toEqual([]);
  });

  it('waits while there is no queue', async () => {
    await using bed = new Bed();
    await bed.started();

    bed.queues.use(null);
    await bed.queue.append(segmentsFrom(0, 1));
    bed.queues.use(bed.queue);
    await bed.acknowledged();

    expect(bed.sink.saved).toEqual([0]);
  });

  it('reads again after a failure of the queue, with growing delay, and leaves nothing waiting behind', async () => {
    await using bed = new Bed();
    const lost = new EngineError('STREAM_UNAVAILABLE', 'gone', { retryable: true });
    bed.queue.failures = Array.from({ length: 15 }, () => lost);
    await bed.queue.append(segmentsFrom(0, 1));
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', listen);

    await bed.started();
    const waits: number[] = [];
    for (let i = 0; i < 15; i += 1) waits.push(await bed.nextWait());
    await bed.acknowledged();
    await new Promise(setImmediate);
    process.off('warning', listen);

    expect(waits.slice(0, 4)).toEqual([1000, 2000, 2000, 2000]);
    expect(bed.clock.sleeping).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('takes a new queue at once although it waits after a failure of the old one', async () => {
    await using bed = new Bed();
    const next = bed.newQueue();
    bed.queue.failures = [new EngineError('STREAM_UNAVAILABLE', 'gone', { retryable: true })];
    await bed.started();
    await until(() => bed.clock.sleeping.length === 1);

    await next.append(segmentsFrom(0, 1));
    bed.queues.use(next);
    await bed.acknowledged(next);

    expect(bed.sink.saved).toEqual([0]);
  });

  it('takes over what a consumer that is gone has held for long', async () => {
    await using bed = new Bed();
    await bed.queue.append(segmentsFrom(0, 1));
    await bed.started();
    await bed.acknowledged();
    // Taken by another reader of the same queue, which never comes back.
    await bed.queue.append(segmentsFrom(1, 1));
    await bed.saved(2);
    bed.sink.saved.length = 0;
    const held = { id: '900', segment: segmentAt(9) };
    vi.spyOn(bed.queue, 'claim').mockResolvedValueOnce([held]);

    bed.clock.advance(31_000);
    await bed.queue.append(segmentsFrom(2, 1));
    await bed.saved(2);

    expect(bed.sink.saved).toEqual([200, 900]);
  });

  it('stops at once while a read waits', async () => {
    await using bed = new Bed();
    await bed.started();
    await bed.queue.append(segmentsFrom(0, 1));
    await bed.acknowledged();

    await bed.consumer.stop();
    await bed.consumer.stop();
    await bed.queue.append(segmentsFrom(1, 1));

    expect(bed.sink.saved).toEqual([0]);
  });

  it('stops at once while it waits to save again, and leaves the entry in the queue', async () => {
    await using bed = new Bed();
    bed.sink.beforeSave = () => {
      throw FULL;
    };
    await bed.queue.append(segmentsFrom(0, 1));
    await bed.started();
    await until(() => bed.clock.sleeping.length === 1);

    await bed.consumer.stop();

    expect(await bed.queue.depth()).toEqual({ depth: 1, pending: 1 });
    expect(bed.clock.sleeping).toEqual([]);
  });

  it('stops at once while there is no queue', async () => {
    await using bed = new Bed();
    await bed.consumer.start();

    await bed.consumer.stop();

    expect(bed.sink.events).toEqual([]);
  });

  it('stops after the transaction under way, however many entries it has taken', async () => {
    await using bed = new Bed();
    const size = 16 * 1024 * 1024;
    await bed.queue.append([0, 1, 2, 3].map((index) => segmentAt(0, { start: index * size, end: (index + 1) * size })));
    let stopping: Promise<void> = Promise.resolve();
    bed.sink.beforeSave = () => {
      stopping = bed.consumer.stop();
    };

    await bed.started();
    await bed.saved(1);
    await stopping;

    expect(bed.sink.saved).toEqual([0]);
    expect(await bed.queue.depth()).toEqual({ depth: 3, pending: 3 });
  });

  it('shows signs of life while it waits out a failure', async () => {
    await using bed = new Bed();
    bed.sink.beforeSave = () => {
      throw FULL;
    };
    await bed.queue.append(segmentsFrom(0, 1));
    const before = bed.consumer.lastBeat;
    await bed.started();

    await bed.nextWait();
    await until(() => bed.clock.sleeping.length === 1);

    expect(before).toBeNull();
    expect(bed.consumer.lastBeat).toBe(1_001_000);
  });
});
