import { describe, expect, it } from 'vitest';
import { until } from '../core/test-support/until.ts';
import type { Segment } from '../../../shared/segment.ts';
import { Backpressure } from '../core/backpressure.ts';
import { StreamError } from '../core/errors.ts';
import { silentLogger } from '../core/logger.ts';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { BypassSegmentQueue } from './bypass-segment-queue.ts';
import { QueueSwitch } from './queue-switch.ts';
import { SegmentOutlet, bytesOf } from './segment-outlet.ts';
import { segmentsFrom } from './test-support/segments.ts';

const NEVER = new AbortController().signal;

/** Refuses as often as told, then works. */
class RefusingQueue extends BypassSegmentQueue {
  refusals: Error[] = [];
  /** Called when a batch is in, before the producer knows of it. */
  onAppended: () => void = () => undefined;

  override async append(segments: readonly Segment[]): Promise<void> {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    await super.append(segments);
    this.onAppended();
  }
}

function refusal(retryable: boolean): StreamError {
  return new StreamError('STREAM_UNAVAILABLE', 'refused', { retryable });
}

function newBed(mostBytes: number) {
  const queue = new RefusingQueue(() => 0);
  const queues = new QueueSwitch();
  const backpressure = new Backpressure(mostBytes);
  const clock = new ManualClock();
  const stop = new AbortController();
  const disk = { isHeld: false };
  const outlet = new SegmentOutlet({
    queues,
    backpressure,
    clock,
    logger: silentLogger,
    random: () => 1,
    isHeld: () => disk.isHeld,
  });
  return { queue, queues, backpressure, clock, stop, disk, outlet };
}

async function startsIn(queue: BypassSegmentQueue): Promise<(number | undefined)[]> {
  return (await queue.read(1000, 0, NEVER)).map((entry) => entry.segment?.start);
}

/** True when it has not come to an end after everything that could happen has happened. */
async function isWaiting(work: Promise<unknown>): Promise<boolean> {
  let isOver = false;
  work.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
  return !isOver;
}

describe('SegmentOutlet', () => {
  it('appends any number of segments in their order', async () => {
    const { queue, queues, backpressure, outlet } = newBed(1_000_000);
    queues.use(queue);

    await outlet.append(segmentsFrom(0, 150));

    expect(await startsIn(queue)).toEqual(segmentsFrom(0, 150).map((segment) => segment.start));
    expect(backpressure.held).toBe(15_000);
  });

  it('has no room while too much is under way, and some as soon as enough of it is saved', async () => {
    const { queue, queues, backpressure, stop, outlet } = newBed(250);
    queues.use(queue);
    await outlet.append(segmentsFrom(0, 3));
    const full = outlet.takes;

    const waiting = outlet.room(stop.signal);
    const before = await isWaiting(waiting);
    backpressure.release(100);
    await waiting;

    expect([full, before, outlet.takes]).toEqual([false, true, true]);
  });

  it('takes what is given all the same: whoever asked may have been overtaken', async () => {
    const { queue, queues, backpressure, outlet } = newBed(100);
    queues.use(queue);

    await outlet.append(segmentsFrom(0, 1));
    const isTaken = await outlet.append(segmentsFrom(1, 1));

    expect(isTaken).toBe(true);
    expect(backpressure.held).toBe(200);
  });

  it('does not count for ever what was saved before the append was answered', async () => {
    const { queue, queues, backpressure, outlet } = newBed(1000);
    queues.use(queue);
    queue.onAppended = () => {
      backpressure.release(bytesOf(segmentsFrom(0, 2)));
    };

    await outlet.append(segmentsFrom(0, 2));

    expect(backpressure.held).toBe(0);
  });

  it('has no room without a queue, takes nothing, and has some when there is one', async () => {
    const { queue, queues, backpressure, stop, outlet } = newBed(1000);

    const isTaken = await outlet.append(segmentsFrom(0, 1));
    const waiting = outlet.room(stop.signal);
    const before = [outlet.takes, isTaken, await isWaiting(waiting), backpressure.held];
    queues.use(queue);
    await waiting;

    expect(before).toEqual([false, false, true, 0]);
    expect(outlet.takes).toBe(true);
  });

  it('has no room while recording is held', async () => {
    const { queue, queues, clock, disk, stop, outlet } = newBed(1000);
    queues.use(queue);
    disk.isHeld = true;
    const held = outlet.takes;

    const waiting = outlet.room(stop.signal);
    await isWaiting(waiting);
    disk.isHeld = false;
    clock.advance(1000);
    await waiting;

    expect(held).toBe(false);
  });

  it('rests longer after each refusal, counts nothing for it, and is as before after a success', async () => {
    const { queue, queues, backpressure, clock, outlet } = newBed(1000);
    queues.use(queue);
    queue.refusals = [1, 2, 3, 4, 5, 6].map(() => refusal(true));
    const rests: number[] = [];

    for (let i = 0; i < 6; i += 1) {
      expect(await outlet.append(segmentsFrom(0, 2))).toBe(false);
      expect(backpressure.held).toBe(0);
      let rested = 0;
      for (; !outlet.takes; rested += 250) clock.advance(250);
      rests.push(rested);
    }
    const isTaken = await outlet.append(segmentsFrom(0, 2));
    queue.refusals = [refusal(true)];
    await outlet.append(segmentsFrom(2, 1));
    clock.advance(250);

    expect(rests).toEqual([250, 500, 1000, 2000, 4000, 4000]);
    expect([isTaken, outlet.takes]).toEqual([true, true]);
  });

  it('ends the wait for room when a rest is over', async () => {
    const { queue, queues, clock, stop, outlet } = newBed(1000);
    queues.use(queue);
    queue.refusals = [refusal(true)];
    await outlet.append(segmentsFrom(0, 1));

    const waiting = outlet.room(stop.signal);
    const delay = await until(() => clock.sleeping[0]);
    clock.advance(delay);
    await waiting;

    expect(delay).toBe(250);
  });

  it('rests for long after a refusal that does not look like passing, but asks again', async () => {
    const { queue, queues, clock, outlet } = newBed(1000);
    queues.use(queue);
    queue.refusals = [refusal(false)];

    const isTaken = await outlet.append(segmentsFrom(0, 1));
    clock.advance(3999);
    const soon = outlet.takes;
    clock.advance(1);

    expect([isTaken, soon, outlet.takes]).toEqual([false, false, true]);
  });

  it('hides no mistake of our own', async () => {
    const { queue, queues, outlet } = newBed(1000);
    queues.use(queue);
    queue.refusals = [new Error('a mistake')];

    await expect(outlet.append(segmentsFrom(0, 1))).rejects.toThrow('a mistake');
  });

  it.each(['room', 'a queue', 'the next try'])('gives up waiting for %s when it is stopped', async (what) => {
    const { queue, queues, clock, stop, outlet } = newBed(100);
    if (what !== 'a queue') queues.use(queue);
    if (what === 'the next try') queue.refusals = [refusal(true)];
    await outlet.append(segmentsFrom(0, 1));

    const waiting = outlet.room(stop.signal);
    waiting.catch(() => undefined);
    await isWaiting(waiting);
    stop.abort();

    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(clock.sleeping).toEqual([]);
  });

  it('has room again when the queue has lost what was under way', async () => {
    const { queue, queues, clock, stop, outlet } = newBed(100);
    queues.use(queue);
    await outlet.append(segmentsFrom(0, 1));
    await queue.close();

    const waiting = outlet.room(stop.signal);
    for (let passed = 0; passed < 2000; passed += 1000) {
      await until(() => clock.sleeping.length > 0);
      clock.advance(1000);
      await isWaiting(waiting);
    }
    await waiting;

    expect(outlet.takes).toBe(true);
  });

  it('goes on waiting while the queue holds what was under way', async () => {
    const { queue, queues, clock, outlet, stop } = newBed(100);
    queues.use(queue);
    await outlet.append(segmentsFrom(0, 1));

    const waiting = outlet.room(stop.signal);
    for (let passed = 0; passed < 5000; passed += 1000) {
      await until(() => clock.sleeping.length > 0);
      clock.advance(1000);
      await isWaiting(waiting);
    }
    const stillWaits = await isWaiting(waiting);
    stop.abort();

    expect(stillWaits).toBe(true);
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});
