import type { ComponentHealth, HealthReason, HealthState } from '../../../shared/status.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { THRESHOLDS } from './thresholds.ts';
import type { StatusFacts } from './status-facts.ts';

export type Component = 'transcripts' | 'watcher' | 'archive' | 'queue' | 'consumer' | 'store';

interface Observation {
  readonly state: HealthState;
  readonly reason: HealthReason | null;
}

const HEALTHY: Observation = { state: 'healthy', reason: null };

/** What the facts say about each part, worst first. Pure. */
export function observe(component: Component, facts: StatusFacts): Observation {
  if (facts.isStopping) return { state: 'stopped', reason: null };
  if (facts.isStarting) return { state: 'starting', reason: null };
  switch (component) {
    case 'transcripts':
      if (facts.capture.blockedFiles > 0) return { state: 'degraded', reason: 'FILES_BLOCKED' };
      return facts.capture.files === 0 && facts.capture.missingRoots.length > 0
        ? { state: 'degraded', reason: 'SOURCE_MISSING' }
        : HEALTHY;
    case 'watcher':
      return watcher(facts);
    case 'archive':
      if (facts.disk.level === 'held') return { state: 'failed', reason: 'DISK_FULL' };
      if (facts.capture.archiveFailing) return { state: 'failed', reason: 'ARCHIVE_FAILING' };
      return facts.upkeep.scrub.damaged > 0 ? { state: 'degraded', reason: 'ARCHIVE_DAMAGED' } : HEALTHY;
    case 'queue':
      return queue(facts);
    case 'consumer':
      return consumer(facts);
    case 'store':
      return store(facts);
  }
}

function watcher(facts: StatusFacts): Observation {
  if (facts.pause.paused) return { state: 'degraded', reason: 'PAUSED' };
  const { lastBeatAt, mode } = facts.capture;
  if (lastBeatAt === null || facts.now - lastBeatAt > THRESHOLDS.beatAgeMs.alarm) {
    return { state: 'failed', reason: 'WATCH_INCOMPLETE' };
  }
  return mode === 'polling' ? { state: 'degraded', reason: 'WATCH_INCOMPLETE' } : HEALTHY;
}

function queue(facts: StatusFacts): Observation {
  if (facts.queue.mode === 'bypass') return { state: 'degraded', reason: 'REDIS_BYPASSED' };
  const { serverState, isWaiting } = facts.queue;
  if (serverState === 'failed' || serverState === 'missing') return { state: 'degraded', reason: 'REDIS_FAILED' };
  if (serverState !== 'ready' || isWaiting) return { state: 'degraded', reason: 'REDIS_RESTARTING' };
  if ((facts.queue.depth ?? 0) > THRESHOLDS.depth.alarm) return { state: 'degraded', reason: 'QUEUE_BACKLOG' };
  return HEALTHY;
}

function consumer(facts: StatusFacts): Observation {
  const { beatAgeMs, retryingForMs } = facts.consumer;
  if (beatAgeMs === null || beatAgeMs > THRESHOLDS.beatAgeMs.alarm)
    return { state: 'failed', reason: 'CONSUMER_STALLED' };
  return retryingForMs !== null && retryingForMs > 0 ? { state: 'degraded', reason: 'CONSUMER_RETRYING' } : HEALTHY;
}

function store(facts: StatusFacts): Observation {
  if (isRecovering(facts)) return { state: 'degraded', reason: 'STORE_REBUILDING' };
  if (facts.store.isFailing) return { state: 'failed', reason: 'STORE_FAILING' };
  if (facts.disk.level !== 'ok') return { state: 'degraded', reason: 'DISK_LOW' };
  return facts.store.deadLetters > 0 ? { state: 'degraded', reason: 'DEAD_LETTERS' } : HEALTHY;
}

/** Another database takes the place of one that was put aside. Nothing is lost meanwhile: it is all in the archive. */
export function isRecovering({ upkeep }: StatusFacts): boolean {
  return upkeep.recovery?.state === 'replacing' || upkeep.recovery?.state === 'catching-up';
}

/** Adds to the observations since when they hold. */
export class HealthTracker {
  readonly #current = new Map<Component, ComponentHealth>();

  update(component: Component, facts: StatusFacts): ComponentHealth {
    const seen = observe(component, facts);
    const before = this.#current.get(component);
    const isSame = before?.state === seen.state && before.reason === seen.reason;
    const since: EpochMs = isSame ? before.since : facts.now;
    const health = { ...seen, since };
    this.#current.set(component, health);
    return health;
  }
}
