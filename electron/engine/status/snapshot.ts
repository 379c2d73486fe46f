import type { ActiveAlarm, ComponentHealth, OverallState, StatusSnapshot } from '../../../shared/status.ts';
import { THRESHOLDS } from './thresholds.ts';
import type { Component } from './component-health.ts';
import type { StatusFacts } from './status-facts.ts';

/** Entries in the queue that count as work being done, as opposed to the one that is just passing through. */
const BUSY_DEPTH = 5;

/** Worst of everything; the order is that of the design: paused beats busy and ok, never a fault. */
export function overallState(
  facts: StatusFacts,
  health: Readonly<Record<Component, ComponentHealth>>,
  alarms: readonly ActiveAlarm[],
): OverallState {
  if (facts.isStopping) return 'stopping';
  if (facts.isStarting) return 'starting';
  const states = Object.values(health).map((component) => component.state);
  if (states.includes('failed') || alarms.some((alarm) => alarm.priority === 1)) return 'error';
  if (facts.pause.paused) return 'paused';
  if (states.includes('degraded') || alarms.some((alarm) => alarm.priority < 4)) return 'warn';
  return facts.job?.state === 'running' || (facts.queue.depth ?? 0) > BUSY_DEPTH ? 'busy' : 'ok';
}

export function buildSnapshot(
  facts: StatusFacts,
  health: Readonly<Record<Component, ComponentHealth>>,
  alarms: readonly ActiveAlarm[],
): StatusSnapshot {
  const { capture, queue, consumer } = facts;
  const { isFailing: _, ...store } = facts.store;
  const watcherAge = capture.lastBeatAt === null ? Infinity : facts.now - capture.lastBeatAt;
  return {
    at: facts.now,
    version: facts.version,
    startedAt: facts.startedAt,
    overall: overallState(facts, health, alarms),
    safety: {
      archiveCurrent:
        capture.lastReconcileAt !== null &&
        !capture.archiveFailing &&
        capture.blockedFiles === 0 &&
        facts.disk.level !== 'held',
      allSaved: capture.uncommittedBytes === 0 && !facts.store.isFailing,
      watcherAlive: watcherAge < THRESHOLDS.beatAgeMs.warn && capture.lastReconcileAt !== null,
      queueAnswers: queue.mode === 'bypass' || (queue.serverState === 'ready' && queue.depth !== null),
    },
    pause: facts.pause,
    transcripts: {
      health: health.transcripts,
      files: capture.files,
      hotFiles: capture.hotFiles,
      agents: capture.agents,
      blockedFiles: capture.blockedFiles,
      missingRoots: capture.missingRoots,
      bytes: capture.archivedBytes,
    },
    watcher: {
      health: health.watcher,
      watchedDirectories: capture.watchedDirectories,
      lastBeatAt: capture.lastBeatAt,
      lastEventAt: capture.lastEventAt,
      lastReconcileAt: capture.lastReconcileAt,
      lagMs: capture.unsavedForMs,
      mode: capture.mode,
    },
    archive: { health: health.archive, bytes: capture.archivedBytes, lastWriteAt: capture.lastWriteAt },
    queue: {
      health: health.queue,
      mode: queue.mode,
      depth: queue.depth,
      pending: queue.pending,
      oldestAgeMs: queue.oldestAgeMs,
      server: queue.server,
    },
    consumer: {
      health: health.consumer,
      lastBeatAt: consumer.lastBeatAt,
      latencyP50Ms: consumer.latency[0] ?? null,
      latencyP95Ms: consumer.latency[1] ?? null,
      latencyP99Ms: consumer.latency[2] ?? null,
      retryingSince: consumer.retryingForMs === null ? null : facts.now - consumer.retryingForMs,
    },
    store: { ...store, diskFreeBytes: facts.disk.freeBytes, health: health.store },
    upkeep: facts.upkeep,
    disk: facts.disk,
    captureGap: facts.captureGap,
    recentSaves: facts.recentSaves,
    minutes: facts.minutes,
    alarms,
    job: facts.job,
  };
}
