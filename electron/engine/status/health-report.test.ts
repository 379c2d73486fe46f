import { describe, expect, it } from 'vitest';
import type { HealthReport, StatusSnapshot } from '../../../shared/status.ts';
import { HealthTracker } from './component-health.ts';
import { healthReport, type HealthProbes } from './health-report.ts';
import { buildSnapshot } from './snapshot.ts';
import { factsWith } from './test-support/sample-facts.ts';

const GOOD: HealthProbes = {
  redis: () => Promise.resolve('Redis answers.'),
  sqlite: () => Promise.resolve('The database answers.'),
  archive: () => Promise.resolve('The archive can be written.'),
};

function snapshotOf(changes: Parameters<typeof factsWith>[0]): StatusSnapshot {
  const facts = factsWith(changes);
  const tracker = new HealthTracker();
  const health = {
    transcripts: tracker.update('transcripts', facts),
    watcher: tracker.update('watcher', facts),
    archive: tracker.update('archive', facts),
    queue: tracker.update('queue', facts),
    consumer: tracker.update('consumer', facts),
    store: tracker.update('store', facts),
  };
  return buildSnapshot(facts, health, []);
}

async function reportOf(
  changes: Parameters<typeof factsWith>[0] = {},
  probes: Partial<HealthProbes> = {},
): Promise<HealthReport> {
  let time = 0;
  return await healthReport(snapshotOf(changes), { ...GOOD, ...probes }, () => (time += 1.26));
}

async function notPassed(
  changes: Parameters<typeof factsWith>[0] = {},
  probes: Partial<HealthProbes> = {},
): Promise<readonly string[]> {
  const { status, checks } = await reportOf(changes, probes);
  return [status, ...checks.filter((check) => check.status !== 'pass').map(({ name, status: of }) => `${name} ${of}`)];
}

describe('healthReport', () => {
  it('passes every check, each with a sentence and its time, while all is well', async () => {
    const { status, checks } = await reportOf();

    expect(status).toBe('healthy');
    expect(checks.map((check) => check.name)).toEqual([
      'redis',
      'queue',
      'consumer',
      'watcher',
      'archive',
      'sqlite',
      'disk',
      'capture-gap',
    ]);
    expect(checks.every((check) => check.reason.endsWith('.') && check.timeMs > 0)).toBe(true);
  });

  it.each<[string, readonly string[], Parameters<typeof factsWith>[0]]>([
    ['a bypassed queue', ['degraded', 'redis warn'], { queue: { mode: 'bypass' } }],
    ['a queue that is being opened', ['degraded', 'queue warn'], { queue: { depth: null } }],
    ['a long queue', ['degraded', 'queue warn'], { queue: { depth: 900 } }],
    ['a consumer that tries again', ['degraded', 'consumer warn'], { consumer: { retryingForMs: 4000 } }],
    ['a dead consumer', ['unhealthy', 'consumer fail'], { consumer: { beatAgeMs: 200_000 } }],
    ['a pause', ['degraded', 'watcher warn'], { pause: { paused: true, until: null } }],
    ['a dead watcher', ['unhealthy', 'watcher fail'], { capture: { lastBeatAt: null } }],
    ['a file that cannot be read', ['degraded', 'watcher warn'], { capture: { blockedFiles: 1 } }],
    ['folders that cannot be watched', ['degraded', 'watcher warn'], { capture: { mode: 'polling' } }],
    ['no agent', ['degraded', 'watcher warn'], { capture: { files: 0, missingRoots: ['/x'] } }],
    ['little room', ['degraded', 'disk warn'], { store: { diskFreeBytes: 4e9 } }],
    ['hardly any room', ['unhealthy', 'disk fail'], { store: { diskFreeBytes: 9e8 } }],
    ['unknown room', ['degraded', 'disk warn'], { store: { diskFreeBytes: null } }],
    ['prompts that are missing', ['degraded', 'capture-gap warn'], { captureGap: 3 }],
    ['a comparison that was not made yet', ['degraded', 'capture-gap warn'], { captureGap: null }],
  ])('reports %s', async (_name, expected, changes) => {
    expect(await notPassed(changes)).toEqual(expected);
  });

  it.each(['redis', 'sqlite', 'archive'] as const)('fails with the reason when %s does not answer', async (name) => {
    const { status, checks } = await reportOf({}, { [name]: () => Promise.reject(new Error('It is gone.')) });

    expect(status).toBe('unhealthy');
    expect(checks.find((check) => check.name === name)).toMatchObject({ status: 'fail', reason: 'It is gone.' });
  });

  it('does not ask Redis while it is bypassed', async () => {
    const redis = (): Promise<string> => Promise.reject(new Error('asked'));

    expect(await notPassed({ queue: { mode: 'bypass' } }, { redis })).toEqual(['degraded', 'redis warn']);
  });
});
