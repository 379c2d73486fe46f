import { describe, expect, it } from 'vitest';
import type { StatusSnapshot } from '../../shared/status.ts';
import { NOW, quietSnapshot } from '../test-support/quiet-snapshot.ts';
import { readingViews } from './readings.ts';

const NAMES = ['depth', 'pending', 'wait', 'beat', 'latency', 'letters'] as const;
type Name = (typeof NAMES)[number];

function withReading(name: Name, value: number | null): StatusSnapshot {
  const { queue, consumer, store, ...quiet } = quietSnapshot();
  return {
    ...quiet,
    queue: {
      ...queue,
      ...(name === 'depth' ? { depth: value } : {}),
      ...(name === 'pending' ? { pending: value } : {}),
      ...(name === 'wait' ? { oldestAgeMs: value } : {}),
    },
    consumer: {
      ...consumer,
      ...(name === 'beat' ? { lastBeatAt: value === null ? null : NOW - value } : {}),
      ...(name === 'latency' ? { latencyP95Ms: value } : {}),
    },
    store: { ...store, ...(name === 'letters' ? { deadLetters: value ?? 0 } : {}) },
  };
}

const reading = (name: Name, value: number | null) => readingViews(withReading(name, value), NOW)[NAMES.indexOf(name)];

describe('Readings', () => {
  it.each([
    ['depth', 100, 'normal'],
    ['depth', 101, 'low'],
    ['depth', 501, 'high'],
    ['pending', 10, 'normal'],
    ['pending', 11, 'low'],
    ['pending', 51, 'high'],
    ['wait', 60_000, 'normal'],
    ['wait', 60_001, 'low'],
    ['wait', 300_001, 'high'],
    ['beat', 60_001, 'low'],
    ['beat', 120_001, 'high'],
    ['latency', 250, 'normal'],
    ['latency', 251, 'low'],
    ['latency', 501, 'high'],
    ['letters', 0, 'normal'],
    ['letters', 1, 'low'],
    ['letters', 10, 'high'],
  ] as const)('%s of %d is %s', (name, value, level) => {
    expect(reading(name, value)?.level).toBe(level);
  });

  it('a dead consumer is critical once something waits for it, or nobody knows', () => {
    const late = withReading('beat', 130_000);
    const level = (depth: number | null) => readingViews({ ...late, queue: { ...late.queue, depth } }, NOW)[3]?.level;

    expect([level(0), level(1), level(null)]).toEqual(['high', 'crit', 'crit']);
  });

  it.each(['depth', 'pending', 'wait', 'beat', 'latency'] as const)('%s is a dash when it was not measured', (name) => {
    expect(reading(name, null)).toMatchObject({
      quantity: { value: '–', unit: '' },
      level: 'normal',
      meter: null,
      pointer: null,
    });
  });

  it('say their value and limit in words', () => {
    expect(reading('pending', 57)?.meter).toEqual({ now: 57, max: 70, text: '57 msg, above alarm limit 50' });
    expect(reading('latency', 38)?.meter?.text).toBe('38 ms, normal');
    expect(reading('letters', 3)?.meter?.text).toBe('3 msg, above warning limit 1');
  });

  it('keep the pointer on the bar whatever the value', () => {
    for (const value of [0, 1, 1e9]) {
      const pointer = reading('depth', value)?.pointer ?? -1;
      expect(pointer).toBeGreaterThan(0);
      expect(pointer).toBeLessThan(100);
    }
  });
});
