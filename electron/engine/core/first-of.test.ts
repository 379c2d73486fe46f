import { describe, expect, it } from 'vitest';
import { firstOf } from './first-of.ts';
import { ManualClock } from './test-support/manual-clock.ts';

describe('firstOf', () => {
  it('resolves with the first and ends the others', async () => {
    const clock = new ManualClock();
    const signal = new AbortController().signal;

    const waiting = firstOf(signal, [(over) => clock.sleep(100, over), (over) => clock.sleep(50, over)]);
    clock.advance(50);
    await waiting;

    expect(clock.sleeping).toEqual([]);
  });

  it('rejects when the first rejects', async () => {
    const clock = new ManualClock();
    const signal = new AbortController().signal;
    const broken = Promise.reject(new Error('broken'));

    await expect(firstOf(signal, [(over) => clock.sleep(100, over), () => broken])).rejects.toThrow('broken');
    expect(clock.sleeping).toEqual([]);
  });

  it('rejects with an AbortError when it is aborted, and ends all', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();

    const waiting = firstOf(stop.signal, [(over) => clock.sleep(100, over), (over) => clock.sleep(50, over)]);
    stop.abort();

    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(clock.sleeping).toEqual([]);
  });

  it('starts nothing when it was aborted before', async () => {
    let isStarted = false;
    const wait = (): Promise<void> => {
      isStarted = true;
      return Promise.resolve();
    };

    await expect(firstOf(AbortSignal.abort(), [wait])).rejects.toMatchObject({ name: 'AbortError' });
    expect(isStarted).toBe(false);
  });
});
