import { describe, expect, it } from 'vitest';
import { BypassSegmentQueue } from './bypass-segment-queue.ts';
import { QueueSwitch } from './queue-switch.ts';
import type { SegmentQueue } from './segment-queue.ts';

const NEVER = new AbortController().signal;

function newQueue(): SegmentQueue {
  return new BypassSegmentQueue(() => 0);
}

describe('QueueSwitch', () => {
  it('gives the queue in use at once', async () => {
    const queues = new QueueSwitch();
    const queue = newQueue();

    queues.use(queue);

    expect(await queues.available(NEVER)).toBe(queue);
    expect(queues.current).toBe(queue);
  });

  it('lets everybody wait until there is a queue', async () => {
    const queues = new QueueSwitch();
    const queue = newQueue();

    const waiting = [queues.available(NEVER), queues.available(NEVER)];
    queues.use(queue);

    expect(await Promise.all(waiting)).toEqual([queue, queue]);
  });

  it('goes on waiting when the queue is gone again before anybody got it', async () => {
    const queues = new QueueSwitch();
    const [first, second] = [newQueue(), newQueue()];

    const waiting = queues.available(NEVER);
    queues.use(first);
    queues.use(null);
    await Promise.resolve();
    queues.use(second);

    expect(await waiting).toBe(second);
  });

  it('stops waiting when it is aborted', async () => {
    const queues = new QueueSwitch();
    const stop = new AbortController();

    const waiting = queues.available(stop.signal);
    stop.abort();

    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await expect(queues.available(stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('tells when a queue is no longer in use', async () => {
    const queues = new QueueSwitch();
    const [first, second] = [newQueue(), newQueue()];
    queues.use(first);
    const stop = new AbortController();

    const left = queues.left(first, NEVER);
    const aborted = queues.left(first, stop.signal);
    stop.abort();
    queues.use(second);

    await expect(left).resolves.toBeUndefined();
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    await expect(queues.left(first, NEVER)).resolves.toBeUndefined();
  });

  it('announces each change once, and the same queue not again', () => {
    const queues = new QueueSwitch();
    const queue = newQueue();
    const seen: (SegmentQueue | null)[] = [];
    const listening = queues.onChange((current) => seen.push(current));

    queues.use(queue);
    queues.use(queue);
    queues.use(null);
    listening[Symbol.dispose]();
    queues.use(queue);

    expect(seen).toEqual([queue, null]);
  });
});
