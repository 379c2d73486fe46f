/** What a recorder says about itself right now, in the terms of the status. Without a recorder: what nothing says. */
import type { StatusSnapshot } from '../../shared/status.ts';
import type { Clock } from './core/clock.ts';
import { systemErrorCode } from './core/errors.ts';
import type { DiskWatch } from './disk/disk-watch.ts';
import type { Recorder } from './recorder.ts';
import type { RedisState } from './redis/redis-state.ts';
import type { StatusFacts } from './status/status-facts.ts';

type RedisReadings = Pick<StatusSnapshot['queue']['server'], 'memoryBytes' | 'aof'>;

export function captureFacts(recorder: Recorder | null, clock: Clock): StatusFacts['capture'] {
  const totals = recorder?.registry.totals();
  const facts = recorder?.capturer.facts;
  return {
    files: totals?.files ?? 0,
    hotFiles: facts?.hotFiles ?? 0,
    agents: recorder === null ? 0 : agentsOf(recorder.registry),
    blockedFiles: (totals?.blockedFiles ?? 0) + (facts?.skipped.size ?? 0),
    missingRoots: facts?.missingRoots ?? [],
    watchedDirectories: facts?.watchedDirectories ?? 0,
    mode: facts?.mode ?? 'events',
    lastBeatAt: facts?.lastBeatAt ?? null,
    lastEventAt: facts?.lastEventAt ?? null,
    lastReconcileAt: facts?.lastReconcileAt ?? null,
    archiveFailing: facts?.archiveFailing ?? false,
    archivedBytes: totals?.archivedBytes ?? 0,
    uncommittedBytes: totals === undefined ? 0 : totals.committableBytes - totals.committedBytes,
    unsavedForMs:
      totals?.unsavedSince === undefined || totals.unsavedSince === null ? 0 : clock.monotonic() - totals.unsavedSince,
    lastWriteAt: totals?.lastChangeAt ?? null,
  };
}

/** Agents that have written something, and those that somebody named. */
function agentsOf(registry: Recorder['registry']): number {
  const written = new Set([...registry.all()].filter((file) => file.archived > 0).map((file) => file.root));
  return new Set(
    registry.roots.filter((root) => root.isOptional !== true || written.has(root)).map((root) => root.agent),
  ).size;
}

export function queueFacts(
  recorder: Recorder | null,
  server: RedisReadings,
): Omit<StatusFacts['queue'], 'depth' | 'pending' | 'oldestAgeMs'> {
  const state: RedisState = recorder?.redis.state ?? { kind: 'stopped' };
  const isReady = state.kind === 'ready';
  return {
    mode: recorder?.queues.current?.mode ?? 'redis',
    isWaiting: recorder?.queues.current === null,
    serverState: state.kind,
    server: {
      version: isReady ? state.version : null,
      origin: isReady ? state.origin : null,
      restarts: recorder?.redis.restarts ?? 0,
      memoryBytes: isReady ? server.memoryBytes : null,
      aof: isReady ? server.aof : null,
    },
  };
}

export function consumerFacts(
  recorder: Recorder | null,
  clock: Clock,
  retryingSince: number | null,
): StatusFacts['consumer'] {
  const beat = recorder?.consumer.lastBeat ?? null;
  const beatAgeMs = beat === null ? null : clock.monotonic() - beat;
  return {
    beatAgeMs,
    lastBeatAt: beatAgeMs === null ? null : clock.now() - beatAgeMs,
    retryingForMs: retryingSince === null ? null : clock.monotonic() - retryingSince,
    latency: recorder?.latency.percentiles([0.5, 0.95, 0.99]) ?? [null, null, null],
  };
}

export async function redisFacts(recorder: Recorder | null): Promise<RedisReadings> {
  if (recorder?.redis.state.kind !== 'ready') return { memoryBytes: null, aof: null };
  try {
    const { memoryBytes, aof } = await recorder.redis.facts();
    return { memoryBytes, aof };
  } catch (error) {
    if (systemErrorCode(error) === null) throw error;
    return { memoryBytes: null, aof: null };
  }
}

export function diskFacts(disk: DiskWatch): StatusFacts['disk'] {
  const { room, ...facts } = disk.facts;
  return { ...facts, freeBytes: room?.freeBytes ?? null, totalBytes: room?.totalBytes ?? null };
}
