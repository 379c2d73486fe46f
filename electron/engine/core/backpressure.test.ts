import { describe, expect, it } from 'vitest';
import { Backpressure } from './backpressure.ts';

const NEVER = new AbortController().signal;

describe('Backpressure', () => {
  it('is full from its limit on, and takes what was begun before', () => {
    const backpressure = new Backpressure(10);

    const answers = [9, 9].map((amount) => {
      backpressure.take(amount);
      return backpressure.isFull;
    });

    expect(answers).toEqual([false, true]);
    expect(backpressure.held).toBe(18);
  });

  it('has room again when enough was released', () => {
    const backpressure = new Backpressure(10);
    backpressure.take(20);

    backpressure.release(10);
    const still = backpressure.isFull;
    backpressure.release(1);

    expect([still, backpressure.isFull]).toEqual([true, false]);
  });

  it('never holds less than nothing', () => {
    const backpressure = new Backpressure(10);
    backpressure.take(5);

    backpressure.release(100);

    expect(backpressure.held).toBe(0);
  });

  it('wakes who waits when there is room, not before', async () => {
    const backpressure = new Backpressure(10);
    backpressure.take(20);
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
