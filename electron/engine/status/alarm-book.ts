import type { ActiveAlarm, AlarmPriority } from '../../../shared/status.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { BYPASS_DELAY_MS, REDIS_MEMORY_BYTES, THRESHOLDS } from './thresholds.ts';
import type { StatusFacts } from './status-facts.ts';

interface Condition {
  readonly key: string;
  readonly priority: AlarmPriority;
  readonly value: number | null;
  readonly limit: number | null;
  readonly delayMs: number;
}

/** Which limits are passed right now. A condition counts once it has held for its delay; it is gone when it no longer holds. */
export class AlarmBook {
  readonly #since = new Map<string, { readonly monotonic: number; readonly at: EpochMs }>();

  /** @param monotonic ms */
  update(facts: StatusFacts, monotonic: number): ActiveAlarm[] {
    const conditions = facts.isStarting ? [] : conditionsOf(facts);
    const held = new Set(conditions.map((condition) => condition.key));
    for (const key of [...this.#since.keys()]) if (!held.has(key)) this.#since.delete(key);
    return conditions.flatMap(({ key, priority, value, limit, delayMs }) => {
      const since = this.#since.get(key) ?? { monotonic, at: facts.now };
      this.#since.set(key, since);
      return monotonic - since.monotonic < delayMs ? [] : [{ key, priority, raisedAt: since.at, value, limit }];
    });
  }
}

type Reading = keyof typeof THRESHOLDS;

/** The alarm if its limit is passed, else the warning if that one is. */
function above(key: string, reading: Reading, value: number | null, alarm: AlarmPriority = 2): Condition[] {
  const limits = THRESHOLDS[reading];
  if (value === null) return [];
  if (value > limits.alarm) return [{ key, priority: alarm, value, limit: limits.alarm, delayMs: limits.delayMs }];
  if (value > limits.warn)
    return [{ key: `${key}.warning`, priority: 3, value, limit: limits.warn, delayMs: limits.delayMs }];
  return [];
}

function below(key: string, reading: Reading, value: number | null): Condition[] {
  const limits = THRESHOLDS[reading];
  if (value === null) return [];
  if (value < limits.alarm) return [{ key, priority: 1, value, limit: limits.alarm, delayMs: limits.delayMs }];
  if (value < limits.warn)
    return [{ key: `${key}.warning`, priority: 3, value, limit: limits.warn, delayMs: limits.delayMs }];
  return [];
}

function when(holds: boolean, key: string, priority: AlarmPriority, delayMs = 0): Condition[] {
  return holds ? [{ key, priority, value: null, limit: null, delayMs }] : [];
}

function conditionsOf(facts: StatusFacts): Condition[] {
  if (facts.pause.paused) return when(true, 'paused', 4);
  const { capture, queue, consumer, store } = facts;
  const watcherAge = capture.lastBeatAt === null ? null : facts.now - capture.lastBeatAt;
  const memory = queue.server.memoryBytes;
  // An import is allowed to fill the queue: that is what back-pressure is for.
  const isImporting = facts.job?.state === 'running';
  return [
    ...when(store.isFailing, 'store.failing', 1),
    ...when(capture.archiveFailing, 'archive.failing', 1),
    ...above('consumer.beat', 'beatAgeMs', consumer.beatAgeMs, (queue.depth ?? 0) > 0 ? 1 : 2),
    ...above('watcher.beat', 'beatAgeMs', watcherAge),
    ...(isImporting ? [] : above('unsaved', 'unsavedForMs', capture.unsavedForMs, 1)),
    ...below('disk', 'diskFreeBytes', store.diskFreeBytes),
    ...when(queue.mode === 'bypass', 'queue.bypass', 2, BYPASS_DELAY_MS),
    ...when(queue.server.aof === 'error', 'redis.aof', 1),
    ...above('redis.memory', 'redisMemoryShare', memory === null ? null : memory / REDIS_MEMORY_BYTES),
    ...(isImporting ? [] : above('queue.depth', 'depth', queue.depth)),
    ...(isImporting ? [] : above('queue.pending', 'pending', queue.pending)),
    ...(isImporting ? [] : above('queue.oldest', 'oldestAgeMs', queue.oldestAgeMs)),
    ...above('store.deadLetters', 'deadLetters', store.deadLetters),
    ...(isImporting ? [] : above('store.latency', 'latencyP95Ms', consumer.latency[1] ?? null)),
    ...above('store.wal', 'walBytes', store.walBytes),
    ...when(capture.blockedFiles > 0, 'files.blocked', 3),
    ...when(capture.mode === 'polling', 'watcher.polling', 3),
  ];
}
