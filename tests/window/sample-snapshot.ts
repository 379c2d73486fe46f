/** Realistic snapshots for the window's tests: a calm afternoon, and the same afternoon with a dead consumer. */
import type { ExchangeSummary } from '../../shared/exchange.ts';
import type { ActiveAlarm, ComponentHealth, StatusSnapshot } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';

/** 16 May 2026, 16:42:11 UTC. */
export const NOW: EpochMs = Date.UTC(2026, 4, 16, 16, 42, 11);

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function health(state: ComponentHealth['state'] = 'healthy', reason: ComponentHealth['reason'] = null) {
  return { state, since: NOW - 6 * DAY, reason } satisfies ComponentHealth;
}

const TITLES = [
  ['Fix flaky retry in upload worker', 'atlas-api', 18],
  ['Plan the search index rebuild', 'notes', 6],
  ['Why does XAUTOCLAIM skip entries?', 'atlas-api', 31],
  ['Shell prompt: show git worktree', 'dotfiles', 4],
  ['Virtual list jumps when resizing', 'atlas-web', 52],
  ['Rename the billing events', 'atlas-api', 9],
  ['Explain this stack trace from the importer', 'atlas-import', 14],
  ['Write release notes for 2.4', 'atlas-web', 7],
  ['Which index does this query use?', 'atlas-api', 22],
  ['Draft the talk about durable queues', 'notes', 11],
] as const;

export function recentSaves(now: EpochMs = NOW): readonly ExchangeSummary[] {
  return TITLES.map(([title, project, revision], index) => ({
    key: `exchange-${index}`,
    sessionId: `session-${index}`,
    title,
    project: `/home/ana/work/${project}`,
    startedAt: now - (index + 1) * 3 * MINUTE,
    savedAt: now - 4 * SECOND - index * 47 * SECOND,
    revision,
    state: 'complete',
    isSubagent: false,
  }));
}

/** A day of minutes with a quiet night and a busy afternoon; the last five average 12.4. Always the same. */
export function minutesOfDay(now: EpochMs = NOW): StatusSnapshot['minutes'] {
  const last = [14, 9, 13, 16, 10];
  return Array.from({ length: 1440 }, (_, index) => {
    const hour = (16.7 + index / 60) % 24;
    const activity = hour > 8.5 ? 13 * Math.sin(((hour - 8.5) / 15.5) * Math.PI) : 0.4;
    const wave = 1 + 0.55 * Math.sin(index * 0.71) + 0.35 * Math.sin(index * 0.053);
    const saved = index >= 1435 ? (last[index - 1435] ?? 0) : Math.max(0, Math.round(activity * wave));
    const errors = index === 470 || index === 1010 ? 1 : index === 468 ? 2 : 0;
    return { at: now - (1439 - index) * MINUTE - 20 * SECOND, saved, errors };
  });
}

/** Everything runs, everything is saved. */
export function calmSnapshot(now: EpochMs = NOW): StatusSnapshot {
  return {
    at: now,
    version: '0.1.0',
    startedAt: now - 6 * DAY - 4 * HOUR,
    overall: 'ok',
    safety: { archiveCurrent: true, allSaved: true, watcherAlive: true, queueAnswers: true },
    pause: { paused: false, until: null },
    transcripts: {
      health: health(),
      files: 1312,
      hotFiles: 14,
      agents: 1,
      blockedFiles: 0,
      missingRoots: [],
      bytes: 1_243_000_000,
    },
    watcher: {
      health: health(),
      watchedDirectories: 212,
      lastBeatAt: now - 3 * SECOND,
      lastEventAt: now - 4 * SECOND,
      lastReconcileAt: now - 3 * MINUTE,
      lagMs: 300,
      mode: 'events',
    },
    archive: { health: health(), bytes: 1_243_000_000, lastWriteAt: now - 4 * SECOND },
    queue: {
      health: health(),
      mode: 'redis',
      depth: 6,
      pending: 2,
      oldestAgeMs: 800,
      server: { version: '8.2.1', origin: 'bundled', memoryBytes: 118_000_000, aof: 'ok', restarts: 0 },
    },
    consumer: {
      health: health(),
      lastBeatAt: now - 4 * SECOND,
      latencyP50Ms: 17,
      latencyP95Ms: 38,
      latencyP99Ms: 91,
      retryingSince: null,
    },
    store: {
      health: health(),
      sizeBytes: 412_000_000,
      walBytes: 4_200_000,
      exchanges: 38_204,
      sessions: 1284,
      records: 611_940,
      deadLetters: 0,
      lastSaveAt: now - 4 * SECOND,
      savesLastHour: 1906,
      errorsLastHour: 2,
      diskFreeBytes: 184_000_000_000,
    },
    upkeep: {
      recovery: null,
      backup: { lastAt: now - 9 * HOUR, kept: 7, failure: null },
      scrub: {
        roundStartedAt: now - 2 * DAY,
        doneBytes: 400_000_000,
        totalBytes: 1_243_000_000,
        lastRoundAt: now - 2 * DAY,
        databaseCheckedAt: now - 2 * DAY,
        repaired: 0,
        damaged: 0,
        damagedRanges: [],
      },
    },
    disk: {
      level: 'ok',
      freeBytes: 184_000_000_000,
      totalBytes: 500_000_000_000,
      warnBelowBytes: 1_000_000_000,
      holdBelowBytes: 200_000_000,
      heldSince: null,
      reserveBytes: 32_000_000,
    },
    captureGap: 0,
    recentSaves: recentSaves(now),
    minutes: minutesOfDay(now),
    alarms: [],
    job: null,
  };
}

const alarm = (
  key: string,
  priority: ActiveAlarm['priority'],
  raisedAt: EpochMs,
  figures: readonly [number, number] | null,
): ActiveAlarm => ({ key, priority, raisedAt, value: figures?.[0] ?? null, limit: figures?.[1] ?? null });

/** The consumer died fourteen minutes ago: nothing is saved, everything is in the archive and in the queue. */
export function alarmSnapshot(now: EpochMs = NOW): StatusSnapshot {
  const calm = calmSnapshot(now);
  const stoppedAt = now - 14 * MINUTE - 6 * SECOND;
  return {
    ...calm,
    overall: 'error',
    safety: { ...calm.safety, allSaved: false },
    queue: {
      ...calm.queue,
      health: health('degraded', 'QUEUE_BACKLOG'),
      depth: 612,
      pending: 57,
      oldestAgeMs: now - stoppedAt,
    },
    consumer: {
      ...calm.consumer,
      health: health('failed', 'CONSUMER_STALLED'),
      lastBeatAt: stoppedAt,
      latencyP50Ms: null,
      latencyP95Ms: null,
      latencyP99Ms: null,
      retryingSince: stoppedAt,
    },
    store: { ...calm.store, deadLetters: 3, lastSaveAt: stoppedAt, errorsLastHour: 41 },
    recentSaves: recentSaves(stoppedAt),
    minutes: calm.minutes.map((minute, index) =>
      index < 1426 ? minute : { ...minute, saved: 0, errors: Math.min(7, index - 1425) },
    ),
    alarms: [
      alarm('consumer.beat', 1, stoppedAt + 2 * MINUTE, [now - stoppedAt, 120_000]),
      alarm('queue.depth', 2, stoppedAt + 9 * MINUTE, [612, 500]),
      alarm('store.deadLetters.warning', 3, now - 31 * MINUTE, [3, 0]),
      alarm('watcher.polling', 4, now - 2 * HOUR, null),
    ],
  };
}
