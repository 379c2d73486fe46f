import type { StatusFacts } from '../status-facts.ts';
import { NO_UPKEEP } from './no-upkeep.ts';

export const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

type Changes = { readonly [K in keyof StatusFacts]?: Partial<StatusFacts[K]> | StatusFacts[K] };

/** A recorder with which all is well, changed in what the test is about. */
export function factsWith(changes: Changes = {}): StatusFacts {
  const merged = Object.fromEntries(
    Object.entries(HEALTHY).map(([name, value]) => {
      const change = changes[name as keyof StatusFacts];
      if (change === undefined) return [name, value];
      return [name, isPlain(value) && isPlain(change) ? { ...value, ...change } : change];
    }),
  );
  return merged as unknown as StatusFacts;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const RUNNING_IMPORT: NonNullable<StatusFacts['job']> = {
  id: 'job-1',
  kind: 'import',
  state: 'running',
  startedAt: NOW,
  endedAt: null,
  phase: 'saving',
  doneBytes: 0,
  totalBytes: 0,
  doneFiles: 0,
  totalFiles: 0,
  report: null,
  error: null,
};

const HEALTHY: StatusFacts = {
  now: NOW,
  version: '1.0.0',
  startedAt: NOW - 3_600_000,
  isStarting: false,
  isStopping: false,
  pause: { paused: false, until: null },
  capture: {
    files: 12,
    hotFiles: 1,
    agents: 1,
    blockedFiles: 0,
    missingRoots: [],
    watchedDirectories: 8,
    mode: 'events',
    lastBeatAt: NOW - 1000,
    lastEventAt: NOW - 5000,
    lastReconcileAt: NOW - 60_000,
    archiveFailing: false,
    archivedBytes: 1_000_000,
    uncommittedBytes: 0,
    unsavedForMs: 0,
    lastWriteAt: NOW - 5000,
  },
  queue: {
    mode: 'redis',
    isWaiting: false,
    depth: 0,
    pending: 0,
    oldestAgeMs: 0,
    serverState: 'ready',
    server: { version: '8.0.0', origin: 'bundled', memoryBytes: 2_000_000, aof: 'ok', restarts: 0 },
  },
  consumer: { beatAgeMs: 500, lastBeatAt: NOW - 500, retryingForMs: null, latency: [10, 20, 30] },
  store: {
    sizeBytes: 4_000_000,
    walBytes: 1000,
    exchanges: 70,
    sessions: 20,
    records: 900,
    deadLetters: 0,
    lastSaveAt: NOW - 5000,
    savesLastHour: 10,
    errorsLastHour: 0,
    isFailing: false,
  },
  upkeep: NO_UPKEEP,
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
  job: null,
};
