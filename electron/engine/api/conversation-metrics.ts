import type { StatusSnapshot } from '../../../shared/status.ts';

/** Answer of `GET /v1/conversations/metrics`. Other programs read this: never rename a field, only add. */
export interface ConversationMetrics {
  readonly version: string;
  readonly state: StatusSnapshot['overall'];
  readonly uptime_seconds: number;
  readonly queue_mode: StatusSnapshot['queue']['mode'];
  /** Entries not yet acknowledged; null when it could not be measured. */
  readonly queue_size: number | null;
  readonly pending: number | null;
  readonly dead_letters: number;
  /** ISO 8601 in UTC. */
  readonly last_save: string | null;
  readonly saves_last_hour: number;
  readonly errors_last_hour: number;
  readonly exchanges: number;
  readonly sessions: number;
  readonly records: number;
  readonly save_latency_ms: { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null };
  readonly capture_lag_ms: number;
}

export function toConversationMetrics(snapshot: StatusSnapshot): ConversationMetrics {
  const { queue, store, consumer, watcher } = snapshot;
  return {
    version: snapshot.version,
    state: snapshot.overall,
    uptime_seconds: Math.max(0, Math.round((snapshot.at - snapshot.startedAt) / 1000)),
    queue_mode: queue.mode,
    queue_size: queue.depth,
    pending: queue.pending,
    dead_letters: store.deadLetters,
    last_save: store.lastSaveAt === null ? null : new Date(store.lastSaveAt).toISOString(),
    saves_last_hour: store.savesLastHour,
    errors_last_hour: store.errorsLastHour,
    exchanges: store.exchanges,
    sessions: store.sessions,
    records: store.records,
    save_latency_ms: { p50: consumer.latencyP50Ms, p95: consumer.latencyP95Ms, p99: consumer.latencyP99Ms },
    capture_lag_ms: watcher.lagMs,
  };
}
