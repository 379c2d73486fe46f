import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatClock,
  formatCount,
  formatDay,
  formatDuration,
  formatMillis,
  formatQuantity,
  formatRate,
  formatShare,
  projectName,
  secondsQuantity,
} from './format.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('Figures', () => {
  it('are a dash when they were not measured', () => {
    const shown = [formatCount, formatBytes, formatDuration, formatMillis, formatRate, formatShare].map((f) => f(null));

    expect(shown).toEqual(['–', '–', '–', '–', '–', '–']);
    expect([formatClock(null), formatDay(null, 0), projectName(null)]).toEqual(['–', '–', '–']);
  });

  it('are grouped by thousands and rounded to what matters', () => {
    expect([formatCount(1284), formatRate(12.44), formatRate(0), formatRate(211.7), formatShare(0.755)]).toEqual([
      '1,284',
      '12.4',
      '0',
      '212',
      '76 %',
    ]);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [999.6, '1 kB'],
    [4_200_000, '4.2 MB'],
    [118_000_000, '118 MB'],
    [999_900_000, '1 GB'],
    [184e9, '184 GB'],
    [2.5e15, '2,500 TB'],
  ])('write %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [-5, '0 s'],
    [0, '0 s'],
    [449, '0.4 s'],
    [4999, '4 s'],
    [14 * MINUTE + 59 * SECOND, '14 min'],
    [2 * HOUR, '2 h'],
    [2 * HOUR + 5 * MINUTE, '2 h 5 min'],
    [6 * DAY + 4 * HOUR, '6 d 4 h'],
  ])('write a span of %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    [0.42, '0.4 ms'],
    [3, '3 ms'],
    [38.4, '38 ms'],
    [1200, '1.2 s'],
  ])('write a time of %d ms as %s', (ms, text) => {
    expect(formatMillis(ms)).toBe(text);
  });

  it.each([
    [800, '0.8 s'],
    [41_900, '41 s'],
    [14 * MINUTE + 6 * SECOND, '14:06 min'],
    [3 * HOUR + 20 * MINUTE, '3:20 h'],
  ])('write a wait of %d ms as %s', (ms, text) => {
    expect(formatQuantity(secondsQuantity(ms))).toBe(text);
  });
});

describe('Dates', () => {
  const now = Date.UTC(2026, 4, 16, 16, 42, 11);

  it('are clock times of the given zone', () => {
    expect([formatClock(now, 'UTC'), formatClock(now, 'Europe/Paris')]).toEqual(['16:42:11', '18:42:11']);
  });

  it('get longer the further away they are', () => {
    const days = [0, 1, 6, 20, 400].map((ago) => formatDay(now - ago * DAY - (ago === 0 ? MINUTE : 0), now, 'UTC'));

    expect(days).toEqual(['16:41', 'Fri', '10 May', '26 Apr', '11 Apr 2025']);
  });
});

describe('Projects', () => {
  it('are called by the last folder on every system', () => {
    expect([projectName('/home/ana/work/atlas-api'), projectName('C:\\work\\notes\\'), projectName('/')]).toEqual([
      'atlas-api',
      'notes',
      '/',
    ]);
  });
});
