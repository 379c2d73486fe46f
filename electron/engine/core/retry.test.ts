import { describe, expect, it } from 'vitest';
import { backoffMs } from './retry.ts';

describe('backoffMs', () => {
  it('doubles up to the ceiling', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((n) =>
      backoffMs(n, { firstMs: 1000, mostMs: 60_000, random: () => 1 }),
    );

    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('never waits less than half of the step', () => {
    expect(backoffMs(1, { firstMs: 1000, mostMs: 60_000, random: () => 0 })).toBe(500);
    expect(backoffMs(500, { firstMs: 1000, mostMs: 60_000, random: () => 0 })).toBe(30_000);
  });
});
