/** The smallest believable snapshot: everything healthy, saved and idle. Tests change what they are about. */
import type { ComponentHealth, StatusSnapshot } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';

export const NOW: EpochMs = Date.UTC(2026, 4, 16, 16, 42, 11);

export function health(state: ComponentHealth['state'], reason: ComponentHealth['reason'] = null): ComponentHealth {
  return { state, since: NOW, reason };
}

export function quietSnapshot(): StatusSnapshot {
  const healthy = health('healthy');
  return {
    at: NOW,
    version: '0.1.0',
    startedAt: NOW - 148 * 3_600_000,
    overall: 'ok',
    safety: { archiveCurrent: true, allSaved: true, watcherAlive: true, queueAnswers: true },
    pause: { paused: false, until: null },
    transcripts: {
      health: healthy,
      files: 12,
      hotFiles: 3,
      agents: 1,
      blockedFiles: 0,
      missingRoots: [],
      bytes: 4_200_000,
    },
    watcher: {
      health: healthy,
      watchedDirectories: 4,
      lastBeatAt: NOW - 3000,
      lastEventAt: NOW - 4000,
      lastReconcileAt: NOW - 60_000,
      lagMs: 0,
      mode: 'events',
    },
    archive: { health: healthy, bytes: 4_200_000, lastWriteAt: NOW - 4000 },
    queue: {
      health: healthy,
      mode: 'redis',
      depth: 0,
      pending: 0,
      oldestAgeMs: 0,
      server: { version: '8.2.1', origin: 'bundled', memoryBytes: 2_000_000, aof: 'ok', restarts: 0 },
    },
    consumer: {
      health: healthy,
      lastBeatAt: NOW - 4000,
      latencyP50Ms: 17,
      latencyP95Ms: 38,
      latencyP99Ms: 91,
      retryingSince: null,
    },
    store: {
      health: healthy,
      sizeBytes: 9_000_000,
      walBytes: 0,
      exchanges: 40,
      sessions: 12,
      records: 900,
      deadLetters: 0,
      lastSaveAt: NOW - 4000,
      savesLastHour: 6,
      errorsLastHour: 0,
      diskFreeBytes: 184_000_000_000,
    },
    upkeep: {
      recovery: null,
      backup: { lastAt: NOW - 3_600_000, kept: 7, failure: null },
      scrub: {
        roundStartedAt: NOW - 86_400_000,
        doneBytes: 600_000,
        totalBytes: 4_200_000,
        lastRoundAt: NOW - 86_400_000,
        databaseCheckedAt: NOW - 86_400_000,
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
    recentSaves: [],
    minutes: [],
    alarms: [],
    job: null,
  };
}
