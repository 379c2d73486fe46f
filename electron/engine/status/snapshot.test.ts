import { describe, expect, it } from 'vitest';
import type { OverallState, StatusSnapshot } from '../../../shared/status.ts';
import { AlarmBook } from './alarm-book.ts';
import { HealthTracker } from './component-health.ts';
import { buildSnapshot } from './snapshot.ts';
import { NOW, RUNNING_IMPORT, factsWith } from './test-support/sample-facts.ts';

/** The snapshot once the facts have held for an hour. */
function snapshotOf(changes: Parameters<typeof factsWith>[0] = {}): StatusSnapshot {
  const facts = factsWith(changes);
  const tracker = new HealthTracker();
  const alarms = new AlarmBook();
  alarms.update(facts, 0);
  const health = {
    transcripts: tracker.update('transcripts', facts),
    watcher: tracker.update('watcher', facts),
    archive: tracker.update('archive', facts),
    queue: tracker.update('queue', facts),
    consumer: tracker.update('consumer', facts),
    store: tracker.update('store', facts),
  };
  return buildSnapshot(facts, health, alarms.update(facts, 3_600_000));
}

const PAUSE = { pause: { paused: true, until: null } } as const;

describe('buildSnapshot', () => {
  it.each<[OverallState, string, Parameters<typeof factsWith>[0]]>([
    ['ok', 'all is well', {}],
    ['ok', 'a few entries pass through', { queue: { depth: 5 } }],
    ['busy', 'entries wait', { queue: { depth: 6 } }],
    ['busy', 'a job runs', { job: RUNNING_IMPORT }],
    ['warn', 'something is degraded', { store: { deadLetters: 1 }, job: RUNNING_IMPORT }],
    ['warn', 'a limit is passed', { queue: { pending: 60 } }],
    ['paused', 'a person paused', PAUSE],
    ['paused', 'a person paused while a job runs', { ...PAUSE, job: RUNNING_IMPORT, queue: { depth: 9 } }],
    ['error', 'the store fails during a pause', { ...PAUSE, store: { isFailing: true } }],
    ['error', 'the disk is full during a pause', { ...PAUSE, disk: { level: 'held' } }],
    ['warn', 'the disk is nearly full', { disk: { level: 'low' } }],
    ['error', 'a part failed', { consumer: { beatAgeMs: null } }],
    ['error', 'changes are not saved', { capture: { unsavedForMs: 1e6 } }],
    ['starting', 'it starts', { isStarting: true, store: { isFailing: true } }],
    ['stopping', 'it stops', { isStopping: true, isStarting: true, ...PAUSE }],
  ])('is %s when %s', (expected, _name, changes) => {
    expect(snapshotOf(changes).overall).toBe(expected);
  });

  it('promises safety only for what was checked', () => {
    const safetyWith = (changes: Parameters<typeof factsWith>[0]): StatusSnapshot['safety'] =>
      snapshotOf(changes).safety;
    const safe = { archiveCurrent: true, allSaved: true, watcherAlive: true, queueAnswers: true };

    expect(safetyWith({})).toEqual(safe);
    expect(safetyWith({ capture: { lastReconcileAt: null } })).toEqual({
      ...safe,
      archiveCurrent: false,
      watcherAlive: false,
    });
    expect(safetyWith({ capture: { archiveFailing: true } })).toEqual({ ...safe, archiveCurrent: false });
    expect(safetyWith({ disk: { level: 'held' } })).toEqual({ ...safe, archiveCurrent: false });
    expect(safetyWith({ capture: { blockedFiles: 1 } })).toEqual({ ...safe, archiveCurrent: false });
    expect(safetyWith({ capture: { uncommittedBytes: 1 } })).toEqual({ ...safe, allSaved: false });
    expect(safetyWith({ store: { isFailing: true } })).toEqual({ ...safe, allSaved: false });
    expect(safetyWith({ capture: { lastBeatAt: NOW - 60_000 } })).toEqual({ ...safe, watcherAlive: false });
    expect(safetyWith({ queue: { depth: null } })).toEqual({ ...safe, queueAnswers: false });
    expect(safetyWith({ queue: { serverState: 'restarting' } })).toEqual({ ...safe, queueAnswers: false });
    expect(safetyWith({ queue: { mode: 'bypass', serverState: 'missing', depth: null } })).toEqual(safe);
  });

  it('passes on what was measured, and null for what was not', () => {
    const snapshot = snapshotOf({ consumer: { retryingForMs: 3000, latency: [7, null, 9] }, captureGap: null });

    expect(snapshot.consumer).toMatchObject({
      latencyP50Ms: 7,
      latencyP95Ms: null,
      latencyP99Ms: 9,
      retryingSince: NOW - 3000,
    });
    expect(snapshot.captureGap).toBeNull();
    expect(snapshot.transcripts).toMatchObject({ files: 12, bytes: 1_000_000 });
    expect(snapshot.store).not.toHaveProperty('isFailing');
  });
});
