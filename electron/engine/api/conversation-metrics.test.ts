import { describe, expect, it } from 'vitest';
import { toConversationMetrics } from './conversation-metrics.ts';
import { snapshotOf } from './test-support/fake-engine.ts';

describe('toConversationMetrics', () => {
  it('names what is queued, pending, set aside and saved last', () => {
    expect(toConversationMetrics(snapshotOf())).toEqual({
      version: '0.1.0',
      state: 'ok',
      uptime_seconds: 60,
      queue_mode: 'redis',
      queue_size: 3,
      pending: 1,
      dead_letters: 2,
      last_save: '2023-11-14T22:14:15.000Z',
      saves_last_hour: 9,
      errors_last_hour: 0,
      exchanges: 42,
      sessions: 7,
      records: 900,
      save_latency_ms: { p50: 12, p95: 40, p99: 60 },
      capture_lag_ms: 0,
    });
  });

  it('gives null, not zero, for what could not be measured', () => {
    const usual = snapshotOf();
    const snapshot = snapshotOf({
      queue: { ...usual.queue, depth: null, pending: null },
      store: { ...usual.store, lastSaveAt: null },
    });

    expect(toConversationMetrics(snapshot)).toMatchObject({ queue_size: null, pending: null, last_save: null });
  });
});
