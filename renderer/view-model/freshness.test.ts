import { describe, expect, it } from 'vitest';
import { freshnessOf } from './freshness.ts';

describe('Freshness', () => {
  it.each([
    [0, 'live'],
    [4999, 'live'],
    [5000, 'late'],
    [14_999, 'late'],
    [15_000, 'lost'],
  ])('of data %d ms old is %s', (ageMs, freshness) => {
    expect(freshnessOf(ageMs, 60_000)).toBe(freshness);
  });

  it('waits for the first snapshot, but not for ever', () => {
    expect([freshnessOf(null, 0), freshnessOf(null, 14_999), freshnessOf(null, 15_000)]).toEqual([
      'waiting',
      'waiting',
      'lost',
    ]);
  });
});
