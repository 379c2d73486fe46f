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
  const outlet = new SegmentOutlet({
    queues,
    backpressure,
    clock,
    logger: silentLogger,
    random: () => 1,
    signal: stop.signal,
  });
  return { queue, queues, backpressure, clock, stop, outlet };
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

  it('waits while too much is under way, and goes on when some of it is saved', async () => {
    const { queue, queues, backpressure, outlet } = newBed(250);
    queues.use(queue);
    await outlet.append(segmentsFrom(0, 3));

    const waiting = outlet.append(segmentsFrom(3, 1));
    const before = [await isWaiting(waiting), await startsIn(queue)];
    backpressure.release(100);
    await waiting;

    expect(before).toEqual([true, [0, 100, 200]]);
    expect(await startsIn(queue)).toEqual([300]);
    expect(backpressure.held).toBe(300);
  });

  it('lets one producer go ahead when several wait for the same room', async () => {
    const { queue, queues, backpressure, outlet } = newBed(100);
    queues.use(queue);
    await outlet.append(segmentsFrom(0, 1));

    const waiting = [1, 2, 3].map((index) => outlet.append(segmentsFrom(index, 1)));
    await isWaiting(Promise.all(waiting));
    backpressure.release(100);
    const areWaiting = await isWaiting(Promise.all(waiting));

    expect(areWaiting).toBe(true);
    expect(backpressure.held).toBe(100);
    backpressure.release(100);
    await isWaiting(Promise.all(waiting));
    backpressure.release(100);
    await Promise.all(waiting);
    expect((await startsIn(queue)).length).toBe(4);
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

  it('waits until there is a queue', async () => {
    const { queue, queues, backpressure, outlet } = newBed(1000);

    const waiting = outlet.append(segmentsFrom(0, 1));
    const before = [await isWaiting(waiting), backpressure.held];
    queues.use(queue);
    await waiting;

    expect(before).toEqual([true, 0]);
    expect(await startsIn(queue)).toEqual([0]);
  });

  it('tries again with growing delay when the queue refuses, and counts nothing meanwhile', async () => {
    const { queue, queues, backpressure, clock, outlet } = newBed(1000);
    queues.use(queue);
    queue.refusals = [refusal(true), refusal(true), refusal(true)];

    const waiting = outlet.append(segmentsFrom(0, 2));
    const delays: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      const delay = await until(() => clock.sleeping[0]);
      expect(backpressure.held).toBe(0);
      delays.push(delay);
      clock.advance(delay);
    }
    await waiting;

    expect(delays).toEqual([250, 500, 1000]);
    expect(await startsIn(queue)).toEqual([0, 100]);
    expect(backpressure.held).toBe(200);
  });

  it('takes the queue that is in use by then', async () => {
    const { queue, queues, clock, outlet } = newBed(1000);
    const other = new BypassSegmentQueue(() => 0);
    queues.use(queue);
    queue.refusals = [refusal(true)];

    const waiting = outlet.append(segmentsFrom(0, 1));
    await until(() => clock.sleeping.length === 1);
    queues.use(other);
    clock.advance(250);
    await waiting;

    expect(await startsIn(other)).toEqual([0]);
  });

  it('rejects with a refusal that will not pass', async () => {
    const { queue, queues, backpressure, outlet } = newBed(1000);
    queues.use(queue);
    queue.refusals = [refusal(false)];

    await expect(outlet.append(segmentsFrom(0, 1))).rejects.toMatchObject({ code: 'STREAM_UNAVAILABLE' });
    expect(backpressure.held).toBe(0);
  });

  it.each(['room', 'a queue', 'the next try'])('gives up waiting for %s when it is stopped', async (what) => {
    const { queue, queues, clock, stop, outlet } = newBed(100);
    if (what !== 'a queue') queues.use(queue);
    if (what === 'room') await outlet.append(segmentsFrom(0, 1));
    if (what === 'the next try') queue.refusals = [refusal(true)];

    const waiting = outlet.append(segmentsFrom(1, 1));
    waiting.catch(() => undefined);
    await isWaiting(waiting);
    stop.abort();

    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(clock.sleeping).toEqual([]);
  });

  it('goes on when the queue has lost what was under way', async () => {
    const { queue, queues, clock, outlet } = newBed(100);
    queues.use(queue);
    await outlet.append(segmentsFrom(0, 1));
    await queue.close();

    const waiting = outlet.append(segmentsFrom(1, 1));
    clock.advance(await until(() => clock.sleeping[0]));
    await waiting;

    expect(await startsIn(queue)).toEqual([100]);
  });

  it('goes on waiting while the queue holds what was under way', async () => {
    const { queue, queues, clock, outlet, stop } = newBed(100);
    queues.use(queue);
    await outlet.append(segmentsFrom(0, 1));

    const waiting = outlet.append(segmentsFrom(1, 1));
    clock.advance(await until(() => clock.sleeping[0]));
    const stillWaits = await isWaiting(waiting);
    stop.abort();

    expect(stillWaits).toBe(true);
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});
