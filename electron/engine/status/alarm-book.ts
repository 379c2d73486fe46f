import type { ActiveAlarm, AlarmPriority } from '../../../shared/status.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { isRecovering } from './component-health.ts';
import { BYPASS_DELAY_MS, RECOVERY_TOLD_MS, REDIS_MEMORY_BYTES, THRESHOLDS } from './thresholds.ts';
import type { StatusFacts } from './status-facts.ts';

interface Condition {
  readonly key: string;
  readonly priority: AlarmPriority;
  readonly value: number | null;
  readonly limit: number | null;
  readonly delayMs: number;
  /** Key of the graver alarm that this warning gives way to once that is raised. */
  readonly givesWayTo: string | null;
}

/** Which limits are passed right now. A condition counts once it has held for its delay; it is gone when it no longer holds. */
export class AlarmBook {
  readonly #since = new Map<string, { readonly monotonic: number; readonly at: EpochMs }>();

  /** @param monotonic ms */
  update(facts: StatusFacts, monotonic: number): ActiveAlarm[] {
    const conditions = facts.isStarting ? [] : conditionsOf(facts);
    const held = new Set(conditions.map((condition) => condition.key));
    for (const key of [...this.#since.keys()]) if (!held.has(key)) this.#since.delete(key);
    const raised = conditions.filter(({ key, delayMs }) => {
      const since = this.#since.get(key) ?? { monotonic, at: facts.now };
      this.#since.set(key, since);
      return monotonic - since.monotonic >= delayMs;
    });
    const keys = new Set(raised.map((condition) => condition.key));
    return raised
      .filter(({ givesWayTo }) => givesWayTo === null || !keys.has(givesWayTo))
      .map(({ key, priority, value, limit }) => {
        return { key, priority, raisedAt: this.#since.get(key)?.at ?? facts.now, value, limit };
      });
  }
}

type Reading = keyof typeof THRESHOLDS;

/** The warning if its limit is passed, and the alarm if that one is, too: the warning stays until the alarm is due. */
function above(key: string, reading: Reading, value: number | null, priority: AlarmPriority = 2): Condition[] {
  const { warn, alarm, delayMs } = THRESHOLDS[reading];
  if (value === null || value <= warn) return [];
  const warning = { key: `${key}.warning`, priority: 3, value, limit: warn, delayMs, givesWayTo: key } as const;
  if (value <= alarm) return [warning];
  return [warning, { key, priority, value, limit: alarm, delayMs, givesWayTo: null }];
}

function when(holds: boolean, key: string, priority: AlarmPriority, delayMs = 0): Condition[] {
  return holds ? [{ key, priority, value: null, limit: null, delayMs, givesWayTo: null }] : [];
}

/** A pause ends what is said about capturing, since that was asked for; a fault of what is saved stays one. */
function conditionsOf(facts: StatusFacts): Condition[] {
  return [
    ...(facts.pause.paused ? when(true, 'paused', 4) : captureConditions(facts)),
    ...queueConditions(facts),
    ...storeConditions(facts),
  ];
}

function captureConditions({ now, capture, disk, job }: StatusFacts): Condition[] {
  const watcherAge = capture.lastBeatAt === null ? null : now - capture.lastBeatAt;
  return [
    ...above('watcher.beat', 'beatAgeMs', watcherAge),
    ...(isImporting(job) || disk.level === 'held' ? [] : above('unsaved', 'unsavedForMs', capture.unsavedForMs, 1)),
    ...when(capture.blockedFiles > 0, 'files.blocked', 3),
    ...when(capture.mode === 'polling', 'watcher.polling', 3),
  ];
}

function queueConditions({ queue, consumer, job }: StatusFacts): Condition[] {
  const memory = queue.server.memoryBytes;
  return [
    ...above('consumer.beat', 'beatAgeMs', consumer.beatAgeMs, (queue.depth ?? 0) > 0 ? 1 : 2),
    ...when(queue.mode === 'bypass', 'queue.bypass', 2, BYPASS_DELAY_MS),
    ...when(queue.server.aof === 'error', 'redis.aof', 1),
    ...above('redis.memory', 'redisMemoryShare', memory === null ? null : memory / REDIS_MEMORY_BYTES),
    ...(isImporting(job)
      ? []
      : [
          ...above('queue.depth', 'depth', queue.depth),
          ...above('queue.pending', 'pending', queue.pending),
          ...above('queue.oldest', 'oldestAgeMs', queue.oldestAgeMs),
        ]),
  ];
}

/** What happened to the database is told for a day after it is complete again. */
function recoveryConditions(facts: StatusFacts): Condition[] {
  const { recovery } = facts.upkeep;
  if (recovery === null) return [];
  if (isRecovering(facts)) {
    const value = recovery.totalBytes === 0 ? 0 : recovery.doneBytes / recovery.totalBytes;
    const shared = { delayMs: 0, limit: null, givesWayTo: null } as const;
    return [{ key: 'store.rebuilding', priority: 2, value, ...shared }];
  }
  if (recovery.state === 'failed') return when(true, 'store.unrecovered', 1);
  const isFresh = facts.now - (recovery.endedAt ?? recovery.at) < RECOVERY_TOLD_MS;
  return when(isFresh && recovery.cause === 'damage', 'store.recovered', 4);
}

function upkeepConditions({ upkeep }: StatusFacts): Condition[] {
  const { damaged } = upkeep.scrub;
  const isDamaged = {
    key: 'archive.damaged',
    priority: 2,
    value: damaged,
    limit: 0,
    delayMs: 0,
    givesWayTo: null,
  } as const;
  return [...(damaged > 0 ? [isDamaged] : []), ...when(upkeep.backup.failure !== null, 'backup.failed', 3)];
}

function storeConditions(facts: StatusFacts): Condition[] {
  const { store, disk, capture, consumer, job } = facts;
  return [
    ...recoveryConditions(facts),
    ...upkeepConditions(facts),
    ...when(store.isFailing && !isRecovering(facts), 'store.failing', 1),
    ...when(capture.archiveFailing && disk.level !== 'held', 'archive.failing', 1),
    ...diskConditions(disk),
    ...above('store.deadLetters', 'deadLetters', store.deadLetters),
    ...(isImporting(job) ? [] : above('store.latency', 'latencyP95Ms', consumer.latency[1] ?? null)),
    ...above('store.wal', 'walBytes', store.walBytes),
  ];
}

/** What is held cannot fail, so one alarm says it all; how low it may be is a setting. */
function diskConditions({ level, freeBytes, warnBelowBytes, holdBelowBytes }: StatusFacts['disk']): Condition[] {
  const common = { value: freeBytes, delayMs: 0, givesWayTo: null };
  if (level === 'held') return [{ ...common, key: 'disk.held', priority: 1, limit: holdBelowBytes }];
  return level === 'low' ? [{ ...common, key: 'disk.warning', priority: 3, limit: warnBelowBytes }] : [];
}

/** An import is allowed to fill the queue: that is what back-pressure is for. */
function isImporting(job: StatusFacts['job']): boolean {
  return job?.state === 'running';
}
