import { describe, expect, it } from 'vitest';
import { ManualClock } from './core/test-support/manual-clock.ts';
import { PauseEnd } from './pause-end.ts';

const HOUR_MS = 3_600_000;
const YEARS_MS = 10 * 365 * 24 * HOUR_MS;

describe('PauseEnd', () => {
  it('comes at the time that was set', () => {
    const clock = new ManualClock();
    const end = new PauseEnd(clock);
    const pause = { paused: true, until: clock.now() + HOUR_MS };

    const early = end.isReached(pause);
    clock.advance(HOUR_MS - 1);
    const justBefore = end.isReached(pause);
    clock.advance(1);

    expect([early, justBefore, end.isReached(pause)]).toEqual([false, false, true]);
  });

  it.each([-YEARS_MS, -24 * HOUR_MS])('comes after as much time when the clock is set by %d ms', (shiftMs) => {
    const clock = new ManualClock();
    const end = new PauseEnd(clock);
    const pause = { paused: true, until: clock.now() + HOUR_MS };
    end.isReached(pause);

    clock.setBy(shiftMs);
    clock.advance(HOUR_MS - 1);
    const justBefore = end.isReached(pause);
    clock.advance(1);

    expect([justBefore, end.isReached(pause)]).toEqual([false, true]);
  });

  it('is counted anew for another pause', () => {
    const clock = new ManualClock();
    const end = new PauseEnd(clock);
    end.isReached({ paused: true, until: clock.now() + HOUR_MS });
    clock.advance(HOUR_MS);
    const second = { paused: true, until: clock.now() + HOUR_MS };

    expect(end.isReached(second)).toBe(false);
    expect(end.isReached({ paused: false, until: null })).toBe(false);
    expect(end.isReached({ paused: true, until: null })).toBe(false);
  });
});
