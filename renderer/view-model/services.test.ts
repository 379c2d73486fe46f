import { describe, expect, it } from 'vitest';
import type { StatusSnapshot } from '../../shared/status.ts';
import { health, quietSnapshot } from '../test-support/quiet-snapshot.ts';
import { serviceViews } from './services.ts';

const lamps = (snapshot: StatusSnapshot) =>
  Object.fromEntries(serviceViews(snapshot, 'live').map((service) => [service.name, service.lamp]));

describe('Services', () => {
  it('are calm and measured', () => {
    expect(serviceViews(quietSnapshot(), 'live').map(({ name, lamp, value }) => [name, lamp, value])).toEqual([
      ['Redis', 'ok', '2 MB'],
      ['AOF', 'ok', 'on'],
      ['SQLite', 'ok', '9 MB'],
      ['SQLite log', 'ok', '0 B'],
      ['Archive', 'ok', '4.2 MB'],
      ['Disk free', 'ok', '184 GB'],
      ['Capture gap', 'ok', '0'],
    ]);
  });

  it('warn at their limits', () => {
    const quiet = quietSnapshot();
    const store = { ...quiet.store, walBytes: 129 * 1024 * 1024 };
    const disk = { ...quiet.disk, level: 'low' as const };

    expect(lamps({ ...quiet, store, disk, captureGap: 2 })).toMatchObject({
      'SQLite log': 'warn',
      'Disk free': 'warn',
      'Capture gap': 'warn',
    });
    expect(lamps({ ...quiet, disk: { ...disk, level: 'held' } })['Disk free']).toBe('error');
  });

  it('do not blame Redis for a backlog, but for its own faults', () => {
    const quiet = quietSnapshot();
    const redis = (reason: 'QUEUE_BACKLOG' | 'REDIS_RESTARTING' | 'REDIS_FAILED') =>
      lamps({ ...quiet, queue: { ...quiet.queue, health: health('degraded', reason) } })['Redis'];

    expect([redis('QUEUE_BACKLOG'), redis('REDIS_RESTARTING'), redis('REDIS_FAILED')]).toEqual(['ok', 'warn', 'error']);
  });

  it('know nothing without a signal', () => {
    expect(new Set(serviceViews(quietSnapshot(), 'lost').map((service) => service.lamp))).toEqual(new Set(['unknown']));
  });
});
