import { describe, expect, it } from 'vitest';
import { Backpressure } from './backpressure.ts';

const NEVER = new AbortController().signal;

describe('Backpressure', () => {
  it('takes until it is full, at most one addition too much', () => {
    const backpressure = new Backpressure(10);

    const answers = [backpressure.tryTake(9), backpressure.tryTake(9), backpressure.tryTake(1)];

    expect(answers).toEqual([true, true, false]);
    expect(backpressure.held).toBe(18);
  });

  it('has room again when enough was released', () => {
    const backpressure = new Backpressure(10);
    backpressure.tryTake(20);

    backpressure.release(10);
    const still = backpressure.tryTake(1);
    backpressure.release(1);

    expect(still).toBe(false);
    expect(backpressure.tryTake(1)).toBe(true);
  });

  it('never holds less than nothing', () => {
    const backpressure = new Backpressure(10);
    backpressure.tryTake(5);

    backpressure.release(100);

    expect(backpressure.held).toBe(0);
  });

  it('wakes who waits when there is room, not before', async () => {
    const backpressure = new Backpressure(10);
    backpressure.tryTake(20);
    let isWoken = false;

    const waiting = backpressure.freed(NEVER).then(() => (isWoken = true));
    backpressure.release(5);
    await Promise.resolve();
    const early = isWoken;
    backpressure.reset();
    await waiting;

    expect([early, isWoken, backpressure.held]).toEqual([false, true, 0]);
  });

  it('stops waiting when it is aborted', async () => {
    const backpressure = new Backpressure(10);
    const stop = new AbortController();

    const waiting = backpressure.freed(stop.signal);
    stop.abort();

    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});
