import { describe, expect, it } from 'vitest';
import { LatencyWindow } from './latency.ts';

describe('LatencyWindow', () => {
  it('knows nothing without samples', () => {
    expect(new LatencyWindow(1000, () => 0).percentiles([0.5, 0.99])).toEqual([null, null]);
  });

  it('gives the values below which a share of the samples lies, in whatever order they came', () => {
    const latency = new LatencyWindow(1000, () => 0);
    for (let ms = 100; ms >= 1; ms -= 1) latency.add(ms);

    expect(latency.percentiles([0, 0.5, 0.95, 1])).toEqual([1, 51, 96, 100]);
  });

  it('sorts by size, not by letters', () => {
    const latency = new LatencyWindow(1000, () => 0);
    for (const ms of [9, 10, 100]) latency.add(ms);

    expect(latency.percentiles([0, 1])).toEqual([9, 100]);
  });

  it('forgets what is older than its window', () => {
    let now = 0;
    const latency = new LatencyWindow(1000, () => now);
    latency.add(500);
    now = 600;
    latency.add(7);

    now = 1001;

    expect(latency.percentiles([1])).toEqual([7]);
  });

  it('keeps the newest of very many', () => {
    const latency = new LatencyWindow(1000, () => 0);
    for (let i = 0; i < 3 * LatencyWindow.MOST; i += 1) latency.add(i);

    expect(latency.percentiles([1])).toEqual([3 * LatencyWindow.MOST - 1]);
    expect(latency.percentiles([0])[0]).toBeGreaterThanOrEqual(2 * LatencyWindow.MOST - 1);
  });
});
