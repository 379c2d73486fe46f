import type { EventTopic, Events, Handlers } from '../../../../shared/ipc.ts';
import type { HealthReport, JobReport, JobView, StatusSnapshot } from '../../../../shared/status.ts';
import type { Exchange, ExchangeSummary, SessionSummary } from '../../../../shared/exchange.ts';
import type { EngineAccess } from '../../contract.ts';
import { Emitter } from '../../core/emitter.ts';
import { EngineError } from '../../core/errors.ts';
import { NO_UPKEEP } from '../../status/test-support/no-upkeep.ts';

/** A whole snapshot of an engine that is well. */
export function snapshotOf(changes: Partial<StatusSnapshot> = {}): StatusSnapshot {
  const health = { state: 'healthy', since: 1_700_000_000_000, reason: null } as const;
  return {
    at: 1_700_000_060_000,
    version: '0.1.0',
    startedAt: 1_700_000_000_000,
    overall: 'ok',
    safety: { archiveCurrent: true, allSaved: true, watcherAlive: true, queueAnswers: true },
    pause: { paused: false, until: null },
    transcripts: { health, files: 12, hotFiles: 1, agents: 1, blockedFiles: 0, missingRoots: [], bytes: 123_456 },
    watcher: {
      health,
      watchedDirectories: 5,
      lastBeatAt: 1_700_000_059_000,
      lastEventAt: null,
      lastReconcileAt: 1_700_000_050_000,
      lagMs: 0,
      mode: 'events',
    },
    archive: { health, bytes: 123_456, lastWriteAt: 1_700_000_055_000 },
    queue: {
      health,
      mode: 'redis',
      depth: 3,
      pending: 1,
      oldestAgeMs: 20,
      server: { version: '8.0.0', origin: 'bundled', memoryBytes: 1_000_000, aof: 'ok', restarts: 0 },
    },
    consumer: {
      health,
      lastBeatAt: 1_700_000_059_000,
      latencyP50Ms: 12,
      latencyP95Ms: 40,
      latencyP99Ms: 60,
      retryingSince: null,
    },
    store: {
      health,
      sizeBytes: 500_000,
      walBytes: 1000,
      exchanges: 42,
      sessions: 7,
      records: 900,
      deadLetters: 2,
      lastSaveAt: 1_700_000_055_000,
      savesLastHour: 9,
      errorsLastHour: 0,
      diskFreeBytes: 10_000_000_000,
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
    alarms: [],
    job: null,
    ...changes,
  };
}

export function healthOf(status: HealthReport['status']): HealthReport {
  const check = status === 'healthy' ? 'pass' : status === 'degraded' ? 'warn' : 'fail';
  return {
    status,
    at: 1_700_000_060_000,
    checks: [{ name: 'redis', status: check, timeMs: 1.5, reason: 'Redis answered.' }],
  };
}

export function exchangeOf(changes: Partial<Exchange> = {}): Exchange {
  return {
    key: 'k1',
    agent: 'claude-code',
    sessionId: 'session-1',
    sessionIds: ['session-1'],
    project: '/home/ana/work',
    prompt: 'What is here?',
    parts: [
      { kind: 'thinking', text: 'I should look.', messageId: 'm', record: 'r1' },
      { kind: 'tool', name: 'Bash', summary: 'ls -la', useId: 'u', messageId: 'm', record: 'r1' },
      { kind: 'text', text: 'Three files.', messageId: 'm', record: 'r2' },
    ],
    state: 'complete',
    startedAt: 1_700_000_000_000,
    endedAt: 1_700_000_009_000,
    revision: 3,
    isSubagent: false,
    subagentId: null,
    ...changes,
  };
}

export function summaryOf(changes: Partial<ExchangeSummary> = {}): ExchangeSummary {
  return {
    key: 'k1',
    sessionId: 'session-1',
    title: 'What is here?',
    project: '/home/ana/work',
    startedAt: 1_700_000_000_000,
    savedAt: 1_700_000_001_000,
    revision: 3,
    state: 'complete',
    isSubagent: false,
    ...changes,
  };
}

export function sessionOf(changes: Partial<SessionSummary> = {}): SessionSummary {
  return {
    id: 'session-1',
    agent: 'claude-code',
    title: 'Looking around',
    project: '/home/ana/work',
    startedAt: 1_700_000_000_000,
    lastAt: 1_700_000_009_000,
    exchanges: 1,
    subagentExchanges: 0,
    sourcePresent: true,
    ...changes,
  };
}

export function jobOf(changes: Partial<JobView> = {}): JobView {
  return {
    id: 'job-1',
    kind: 'import',
    state: 'running',
    startedAt: 1_700_000_000_000,
    endedAt: null,
    phase: 'archiving',
    doneBytes: 50,
    totalBytes: 100,
    doneFiles: 1,
    totalFiles: 2,
    report: null,
    error: null,
    ...changes,
  };
}

export function doneJob(report: JobReport): JobView {
  return jobOf({ kind: report.kind, state: 'done', phase: 'done', endedAt: 1_700_000_001_000, doneBytes: 100, report });
}

/** An engine for the transports: typed handlers that a test replaces one by one, and events that it sends. */
export class FakeEngine implements EngineAccess {
  readonly handlers: Handlers;
  readonly #status = new Emitter<StatusSnapshot>();
  readonly #jobs = new Emitter<JobView>();

  constructor(handlers: Partial<Handlers> = {}) {
    this.handlers = { ...USUAL_HANDLERS, ...handlers };
  }

  on<E extends EventTopic>(topic: E, listener: (payload: Events[E]) => void): Disposable {
    const emitters: { readonly [T in EventTopic]: Emitter<Events[T]> } = {
      'status.changed': this.#status,
      'job.changed': this.#jobs,
    };
    return emitters[topic].on(listener);
  }

  sendStatus(snapshot: StatusSnapshot): void {
    this.#status.emit(snapshot);
  }

  sendJob(job: JobView): void {
    this.#jobs.emit(job);
  }
}

const notHere = (): Promise<never> => Promise.reject(new EngineError('NOT_FOUND', 'The fake engine holds nothing.'));

const USUAL_HANDLERS: Handlers = {
  'status.get': () => Promise.resolve(snapshotOf()),
  'health.get': () => Promise.resolve(healthOf('healthy')),
  'recording.pause': () => Promise.resolve({ paused: true, until: null }),
  'recording.resume': () => Promise.resolve({ paused: false, until: null }),
  'exchanges.recent': () => Promise.resolve([]),
  'exchanges.page': () => Promise.resolve({ items: [], next: null }),
  'sessions.list': () => Promise.resolve([]),
  'sessions.get': notHere,
  'records.bodies': () => Promise.resolve([]),
  'search.query': () => Promise.resolve([]),
  'jobs.start': () => Promise.resolve({ id: 'job-1' }),
  'jobs.get': notHere,
  'jobs.cancel': notHere,
  'backups.list': () => Promise.resolve([]),
  'deadLetters.list': () => Promise.resolve([]),
  'deadLetters.retry': () => Promise.resolve({ count: 0 }),
  'deadLetters.discard': () => Promise.resolve({ count: 0 }),
  'data.openFolder': () => Promise.resolve({ opened: false }),
  'window.show': () => Promise.resolve({ shown: false, url: null }),
};
