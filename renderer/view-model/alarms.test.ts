import { describe, expect, it } from 'vitest';
import type { ActiveAlarm } from '../../shared/status.ts';
import { NOW } from '../test-support/quiet-snapshot.ts';
import { alarmSentence, highestAlarm, tallyOf } from './alarms.ts';

const alarm = (key: string, priority: ActiveAlarm['priority'], change: Partial<ActiveAlarm> = {}): ActiveAlarm => ({
  key,
  priority,
  raisedAt: NOW,
  value: null,
  limit: null,
  ...change,
});

describe('Alarms', () => {
  it('are counted by priority, the most urgent first', () => {
    const alarms = [alarm('disk.warning', 3), alarm('consumer.beat', 1), alarm('queue.depth.warning', 3)];

    expect(tallyOf(alarms).map(({ priority, count }) => [priority, count])).toEqual([
      [1, 1],
      [2, 0],
      [3, 2],
      [4, 0],
    ]);
  });

  it('put the most urgent and of these the newest in the footer', () => {
    const older = alarm('queue.pending', 2, { raisedAt: NOW - 1000 });
    const newer = alarm('queue.depth', 2);

    expect(highestAlarm([alarm('paused', 4), older, newer])).toBe(newer);
    expect(highestAlarm([])).toBeNull();
  });

  it.each([
    [alarm('consumer.beat', 1, { value: 846_000, limit: 120_000 }), 'The consumer has sent no heartbeat for 14 min.'],
    [alarm('queue.pending.warning', 3, { value: 14, limit: 10 }), 'Pending above 10. Now 14 not confirmed.'],
    [alarm('disk', 1, { value: 9e8, limit: 1e9 }), 'Disk space below 1 GB: 900 MB left.'],
    [alarm('redis.memory', 2, { value: 0.91, limit: 0.9 }), 'Redis memory above 90 %. Now 91 %.'],
    [alarm('store.latency', 2, { value: 612, limit: 500 }), 'Save latency above 500 ms. Now 612 ms.'],
  ])('have a sentence with the figures in their unit', (active, sentence) => {
    expect(alarmSentence(active)).toBe(sentence);
  });

  it('show the key of an alarm that this window does not know', () => {
    expect(alarmSentence(alarm('sync.behind', 3, { value: 7, limit: 5 }))).toBe('sync.behind: 7, limit 5.');
  });
});
