import { describe, expect, it } from 'vitest';
import type { HealthReport, StatusSnapshot, StoreRecovery } from '../../../shared/status.ts';
import { HealthTracker } from './component-health.ts';
import { healthReport, type HealthProbes } from './health-report.ts';
import { buildSnapshot } from './snapshot.ts';
import { NO_UPKEEP } from './test-support/no-upkeep.ts';
import { NOW, factsWith } from './test-support/sample-facts.ts';

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

const DAMAGE = { archivePath: 'claude-code/x/y.jsonl', start: 10, end: 20, foundAt: NOW };
const RECOVERY: StoreRecovery = {
  ...{
    at: NOW - 5000,
    cause: 'damage',
    reason: 'It was damaged.',
    setAside: '/data/holdfast.db.damaged-1',
    backup: null,
  },
  ...{ state: 'done', doneBytes: 0, totalBytes: 0, salvaged: 0, endedAt: NOW - 1000 },
};

describe('healthReport', () => {
  it('says in words what happened to the database, when, and where the old file is', async () => {
    const reasonOf = async (recovery: StoreRecovery): Promise<string | undefined> =>
      (await reportOf({ upkeep: { recovery } })).checks.find((check) => check.name === 'upkeep')?.reason;

    expect(await reasonOf(RECOVERY)).toContain(
      'It was damaged. On 2026-11-22T11:59:55.000Z it was put aside; the database was made anew from the archive. ' +
        'The old file is /data/holdfast.db.damaged-1.',
    );
    expect(await reasonOf({ ...RECOVERY, backup: 'b.db', state: 'catching-up' })).toContain(
      'is being made anew from the backup b.db and the archive',
    );
    expect(await reasonOf({ ...RECOVERY, cause: 'search-index', setAside: null })).toContain('It was made anew.');
    expect(await reasonOf({ ...RECOVERY, at: NOW - 48 * 3_600_000 })).not.toContain('damaged');
  });

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
      'upkeep',
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
    [
      'a damaged range of the archive',
      ['degraded', 'upkeep warn'],
      { upkeep: { scrub: { ...NO_UPKEEP.scrub, damaged: 1, damagedRanges: [DAMAGE] } } },
    ],
    [
      'a database that is made anew',
      ['degraded', 'upkeep warn'],
      { upkeep: { recovery: { ...RECOVERY, state: 'catching-up' } } },
    ],
    ['one that could not be', ['unhealthy', 'upkeep fail'], { upkeep: { recovery: { ...RECOVERY, state: 'failed' } } }],
    [
      'a backup that failed',
      ['degraded', 'upkeep warn'],
      { upkeep: { backup: { ...NO_UPKEEP.backup, failure: 'No.' } } },
    ],
    ['little room', ['degraded', 'disk warn'], { disk: { level: 'low' } }],
    ['hardly any room', ['unhealthy', 'disk fail'], { disk: { level: 'held' } }],
    ['unknown room', ['degraded', 'disk warn'], { disk: { freeBytes: null } }],
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
