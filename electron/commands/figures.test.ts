import { describe, expect, it } from 'vitest';
import { bytesText, durationText, timeText } from './figures.ts';

describe('bytesText', () => {
  // The separator and the name of the unit are the person's own; the figure is not.
  it.each([
    [0, /^0\s/],
    [999, /^999\s/],
    [1000, /^1\s/],
    [1_234_567, /^1[.,]2\s/],
    [5e9, /^5\s/],
    [7e15, /^7.?000\s/],
  ])('of %i', (bytes, expected) => {
    expect(bytesText(bytes)).toMatch(expected);
  });

  it('tells the sizes apart', () => {
    expect(new Set([1, 1e3, 1e6, 1e9, 1e12].map(bytesText)).size).toBe(5);
  });
});

describe('durationText', () => {
  it.each([
    [-5, '0 s'],
    [89_000, '89 s'],
    [90_000, '2 min'],
    [3_600_000, '60 min'],
    [7_200_000, '2 h'],
    [172_800_000, '2 d'],
  ])('of %i ms is %s', (ms, expected) => {
    expect(durationText(ms)).toBe(expected);
  });
});

describe('timeText', () => {
  it('says when no time is known', () => {
    expect(timeText(null)).toBe('unknown');
    expect(timeText(9e15)).toBe('unknown');
    expect(timeText(Number.NaN)).toBe('unknown');
  });

  it('names the year and the minute', () => {
    const noon = new Date(2025, 5, 7, 12, 34).getTime();

    expect(timeText(noon)).toMatch(/2025/);
    expect(timeText(noon)).toMatch(/34/);
  });
});
