/** What every implementation of the queue promises. Run against each of them, never against a stand-in. */
import { describe, expect, it } from 'vitest';
import type { QueueEntry, SegmentQueue } from '../../electron/engine/stream/segment-queue.ts';
import { segmentAt, segmentsFrom } from '../../electron/engine/stream/test-support/segments.ts';

/** A place where one queue lives, whatever becomes of the program that uses it. */
export interface QueuePlace extends AsyncDisposable {
  /** The queue as the same consumer has it at first, and again after each restart. */
  connect(): Promise<SegmentQueue>;
  /** Lets time pass for the idle time of entries. */
  pass(ms: number): Promise<void>;
}

const LONG_MS = 20_000;
const NEVER = new AbortController().signal;

export function describeSegmentQueue(name: string, makePlace: () => Promise<QueuePlace>): void {
  describe(`${name}, as a queue`, () => {
    it('tells that it had to be made, and the next time that it was there', async () => {
      await using place = await makePlace();
      const queue = await place.connect();

      const first = await queue.open();
      const second = await queue.open();
      const restarted = await (await place.connect()).open();

      expect([first, second, restarted]).toEqual([true, false, false]);
    });

    it('delivers entries in the order of their append, with what was put in', async () => {
      await using place = await makePlace();
      const queue = await opened(place);
      const appended = [
        segmentAt(0),
        segmentAt(1, { kind: 'tail', archivePath: 'claude-code/ü-1/~2/projects/-a b/"x"\n.jsonl' }),
        segmentAt(2, { kind: 'blob', start: 0, end: 900_000_000_000 }),
      ];

      await queue.append(appended.slice(0, 2));
      await queue.append(appended.slice(2));

      expect(segmentsOf(await queue.read(100, 0, NEVER))).toEqual(appended);
    });

    it('gives at most as many as asked for, and the rest the next time', async () => {
      await using place = await makePlace();
      const queue = await opened(place);
      await queue.append(segmentsFrom(0, 5));

      const reads = [await queue.read(2, 0, NEVER), await queue.read(2, 0, NEVER), await queue.read(2, 0, NEVER)];

      expect(reads.map(startsOf)).toEqual([[0, 100], [200, 300], [400]]);
    });

    it('delivers what was appended before it was opened', async () => {
      await using place = await makePlace();
      const queue = await place.connect();

      await queue.append([segmentAt(7)]);
      await queue.open();

      expect(startsOf(await queue.read(10, 0, NEVER))).toEqual([700]);
    });

    it('takes an empty append and an empty acknowledgement', async () => {
      await using place = await makePlace();
      const queue = await opened(place);

      await queue.append([]);
      await queue.ack([]);

      expect(await queue.depth()).toEqual({ depth: 0, pending: 0 });
    });

    it('gives nothing when nothing comes while it waits', async () => {
      await using place = await makePlace();
      const queue = await opened(place);

      expect(await queue.read(10, 30, NEVER)).toEqual([]);
      expect(await queue.read(10, 0, NEVER)).toEqual([]);
    });

    it('wakes a waiting read with the entry that comes', async () => {
      await using place = await makePlace();
      const queue = await opened(place);

      const reading = queue.read(10, LONG_MS, NEVER);
      await queue.append([segmentAt(3)]);

      expect(startsOf(await reading)).toEqual([300]);
    });

    it('ends a waiting read at once when it is aborted, and loses nothing by it', async () => {
      await using place = await makePlace();
      const queue = await opened(place);
      const stop = new AbortController();

      const reading = queue.read(10, LONG_MS, stop.signal);
      stop.abort();

      await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
      const restarted = await place.connect();
      await restarted.append([segmentAt(4)]);
      expect(startsOf(await everything(restarted))).toEqual([400]);
    });

    it('refuses to read when the signal was aborted before', async () => {
      await using place = await makePlace();
      const queue = await opened(place);
      await queue.append([segmentAt(0)]);

      const reading = queue.read(10, LONG_MS, AbortSignal.abort());

      await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
      expect(await queue.depth()).toEqual({ depth: 1, pending: 0 });
    });

    it('gives an entry again after a restart until it is acknowledged, oldest first', async () => {
      await using place = await makePlace();
      const queue = await opened(place);
      await queue.append(segmentsFrom(0, 5));
      const taken = await queue.read(4, 0, NEVER);
      await queue.ack(idsOf(taken).slice(1, 2));

      const restarted = await place.connect();
      const first = await restarted.pendingOf('0', 2);
      const second = await restarted.pendingOf(first.at(-1)?.id ?? '', 2);
      const third = await restarted.pendingOf(second.at(-1)?.id ?? '', 2);

      expect([first, second, third].map(startsOf)).toEqual([[0, 200], [300], []]);
      expect(startsOf(await restarted.read(10, 0, NEVER))).toEqual([400]);
    });

    it('never gives an acknowledged entry again', async () => {
      await using place = await makePlace();
      const queue = await opened(place);
      await queue.append(segmentsFrom(0, 3));
      const taken = await queue.read(10, 0, NEVER);

      await queue.ack(idsOf(taken));
      await queue.ack(idsOf(taken));

      const restarted = await place.connect();
      expect(await everything(restarted)).toEqual([]);
      expect(await restarted.depth()).toEqual({ depth: 0, pending: 0 });
    });

    it('counts what waits and what is taken', async () => {
      await using place = await makePlace();
      const queue = await opened(place);
      await queue.append(segmentsFrom(0, 5));

      const before = await queue.depth();
      const taken = await queue.read(3, 0, NEVER);
      const during = await queue.depth();
      await queue.ack(idsOf(taken).slice(0, 2));
      const after = await queue.depth();

      expect({ before, during, after }).toEqual({
        before: { depth: 5, pending: 0 },
        during: { depth: 5, pending: 3 },
        after: { depth: 3, pending: 1 },
      });
    });

    it('hands over entries that were taken long ago, and leaves those that were taken lately', async () => {
      await using place = await makePlace();
      const queue = await opened(place);
      await queue.append(segmentsFrom(0, 3));
      await queue.read(2, 0, NEVER);

      const atOnce = await queue.claim(60_000, 10);
      await place.pass(40);
      const later = await queue.claim(40, 10);
      const again = await queue.claim(60_000, 10);

      expect([atOnce, later, again].map(startsOf)).toEqual([[], [0, 100], []]);
      expect(await queue.depth()).toEqual({ depth: 3, pending: 2 });
    });

    it('claims no more entries than asked for', async () => {
      await using place = await makePlace();
      const queue = await opened(place);
      await queue.append(segmentsFrom(0, 3));
      await queue.read(3, 0, NEVER);

      expect(startsOf(await queue.claim(0, 2))).toEqual([0, 100]);
    });

    it('keeps, when it is trimmed, every entry that is not acknowledged', async () => {
      await using place = await makePlace();
      const queue = await opened(place);
      const appended = segmentsFrom(0, 10);
      await queue.append(appended);
      const taken = await queue.read(6, 0, NEVER);
      await queue.ack(idsOf(taken.filter((_, index) => index !== 3)));

      await queue.trim(0);

      const restarted = await place.connect();
      expect(segmentsOf(await restarted.pendingOf('0', 10))).toEqual([appended[3]]);
      expect(segmentsOf(await restarted.read(10, 0, NEVER))).toEqual(appended.slice(6));
    });

    it('keeps, when it is trimmed, what was never delivered', async () => {
      await using place = await makePlace();
      const queue = await opened(place);
      await queue.append(segmentsFrom(0, 4));

      await queue.trim(0);
      const taken = await queue.read(2, 0, NEVER);
      await queue.ack(idsOf(taken));
      await queue.trim(0);

      expect(startsOf(await queue.read(10, 0, NEVER))).toEqual([200, 300]);
    });
  });
}

async function opened(place: QueuePlace): Promise<SegmentQueue> {
  const queue = await place.connect();
  await queue.open();
  return queue;
}

/** What this consumer holds, then what is new. */
async function everything(queue: SegmentQueue): Promise<readonly QueueEntry[]> {
  return [...(await queue.pendingOf('0', 1000)), ...(await queue.read(1000, 0, NEVER))];
}

function idsOf(entries: readonly QueueEntry[]): string[] {
  return entries.map((entry) => entry.id);
}

function segmentsOf(entries: readonly QueueEntry[]): (QueueEntry['segment'] | null)[] {
  return entries.map((entry) => entry.segment);
}

function startsOf(entries: readonly QueueEntry[]): (number | null)[] {
  return entries.map((entry) => entry.segment?.start ?? null);
}
