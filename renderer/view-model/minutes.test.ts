import { describe, expect, it } from 'vitest';
import { NOW } from '../test-support/quiet-snapshot.ts';
import type { MinuteSample } from './minutes.ts';
import { SLOTS, axisOf, currentErrors, currentRate, linePath, slotsOf, usualRange } from './minutes.ts';

const MINUTE = 60_000;
const sample = (ago: number, saved: number, errors = 0): MinuteSample => ({ at: NOW - ago * MINUTE, saved, errors });

describe('Rate', () => {
  it('is the mean of the last five minutes', () => {
    const minutes = [sample(6, 100), sample(5, 14), sample(4, 9), sample(3, 13), sample(2, 16), sample(1, 10)];

    expect(currentRate(minutes, NOW)).toBe(12.4);
  });

  it('is unknown before a minute was measured, or when the last one is long past', () => {
    expect(currentRate([], NOW)).toBeNull();
    expect(currentRate([sample(30, 5)], NOW)).toBeNull();
    expect(currentErrors([], NOW)).toBeNull();
  });
});

describe('Slots', () => {
  it('hold the mean of what was saved and the worst minute of errors, and keep gaps', () => {
    const slots = slotsOf([sample(1439, 8, 3), sample(3, 4, 0), sample(2, 6, 2), sample(0, 5, 1)], NOW);

    expect(slots).toHaveLength(SLOTS);
    expect(slots.at(0)).toEqual({ saved: 8, errors: 3 });
    expect(slots.at(1)).toEqual({ saved: null, errors: null });
    expect(slots.at(-1)).toEqual({ saved: 5, errors: 2 });
  });

  it('take a sample of the near future for now, and forget what is older than a day', () => {
    const slots = slotsOf([sample(-1, 7), sample(1500, 9)], NOW);

    expect(slots.filter((slot) => slot.saved !== null)).toEqual([{ saved: 7, errors: 0 }]);
  });
});

describe('Chart', () => {
  it('lifts the pen over a gap', () => {
    expect(linePath([0, 10, null, 5, 5], 10, 40, 100)).toBe('M0.0 100.0L10.0 0.0M30.0 50.0L40.0 50.0');
  });

  it.each([
    [0, 8, 8],
    [17.3, 4, 24],
    [23, 4, 30],
    [900, 4, 1200],
    [100_000, 4, 120_000],
  ])('with a highest value of %d and at least %d goes up to %d', (most, least, top) => {
    expect(axisOf(most, least).top).toBe(top);
    expect(axisOf(most, least).steps.length).toBeLessThanOrEqual(4);
  });

  it('knows what is usual only after some hours', () => {
    expect(usualRange(Array.from({ length: 15 }, (_, index) => index))).toBeNull();
    expect(usualRange([null, ...Array.from({ length: 20 }, (_, index) => index)])).toEqual({ low: 2, high: 17 });
    expect(usualRange(Array.from({ length: 40 }, () => 3))).toBeNull();
  });
});
