/**
 * An engine whose state a test decides. It answers every request of the contract; what the window asked for is kept in
 * `calls`. A handler is replaced by `answer`, a snapshot by `publish`.
 */
import type { Exchange, SearchHit, SessionSummary } from '../../shared/exchange.ts';
import { HIT_END, HIT_START } from '../../shared/exchange.ts';
import type { ErrorCode } from '../../shared/error-code.ts';
import type { EventTopic, Events, Handlers, ParsedArgsOf, ResultOf, Topic } from '../../shared/ipc.ts';
import type { HealthReport, JobView, StatusSnapshot } from '../../shared/status.ts';
import { NOW, calmSnapshot, recentSaves } from './sample-snapshot.ts';

export interface RecordedCall {
  readonly topic: string;
  readonly args: unknown;
}

/** What a handler throws to be answered as an error envelope. */
export class RefusedCall extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

type Listener = <E extends EventTopic>(topic: E, payload: Events[E]) => void;

export class FakeEngine {
  readonly calls: RecordedCall[] = [];
  #snapshot: StatusSnapshot;
  #handlers: Handlers;
  readonly #listeners = new Set<Listener>();

  constructor(snapshot: StatusSnapshot = calmSnapshot()) {
    this.#snapshot = snapshot;
    this.#handlers = this.#usualHandlers();
  }

  get handlers(): Handlers {
    return this.#handlers;
  }

  get snapshot(): StatusSnapshot {
    return this.#snapshot;
  }

  /** Replaces the handler of one request. */
  answer<T extends Topic>(topic: T, handler: Handlers[T]): void {
    this.#handlers = { ...this.#handlers, [topic]: handler };
  }

  /** The next snapshot, always newer than the one before. */
  publish(snapshot: StatusSnapshot): void {
    this.#snapshot = { ...snapshot, at: Math.max(snapshot.at, this.#snapshot.at + 1) };
    this.#emit('status.changed', this.#snapshot);
  }

  publishJob(job: JobView): void {
    this.#emit('job.changed', job);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async call<T extends Topic>(topic: T, args: ParsedArgsOf<T>): Promise<ResultOf<T>> {
    this.calls.push({ topic, args });
    return await this.#handlers[topic](args);
  }

  callsOf(topic: Topic): readonly unknown[] {
    return this.calls.filter((call) => call.topic === topic).map((call) => call.args);
  }

  #emit<E extends EventTopic>(topic: E, payload: Events[E]): void {
    for (const listener of this.#listeners) listener(topic, payload);
  }

  #pause(pause: StatusSnapshot['pause']): Promise<StatusSnapshot['pause']> {
    this.publish({ ...this.#snapshot, pause, overall: pause.paused ? 'paused' : 'ok' });
    return Promise.resolve(pause);
  }

  #usualHandlers(): Handlers {
    const nothing = () => Promise.resolve({ count: 0 });
    return {
      'status.get': () => Promise.resolve(this.#snapshot),
      'health.get': () => Promise.resolve(sampleHealth()),
      'recording.pause': ({ minutes }) =>
        this.#pause({ paused: true, until: minutes === null ? null : this.#snapshot.at + minutes * 60_000 }),
      'recording.resume': () => this.#pause({ paused: false, until: null }),
      'exchanges.recent': () => Promise.resolve(recentSaves()),
      'exchanges.page': () => Promise.resolve({ items: [], next: null }),
      'sessions.list': () => Promise.resolve(sampleSessions()),
      'sessions.get': ({ session }) => Promise.resolve(sampleConversation(session)),
      'records.bodies': () => Promise.resolve([]),
      'search.query': ({ query }) => Promise.resolve(sampleHits(query)),
      'jobs.start': () => Promise.resolve({ id: 'job-1' }),
      'jobs.get': ({ id }) => Promise.resolve(runningJob({ id })),
      'jobs.cancel': ({ id }) => Promise.resolve(runningJob({ id, state: 'cancelled', endedAt: NOW })),
      'backups.list': () => Promise.resolve([]),
      'deadLetters.list': () => Promise.resolve([]),
      'deadLetters.retry': nothing,
      'deadLetters.discard': nothing,
      'data.openFolder': () => Promise.resolve({ opened: true }),
      'window.show': () => Promise.resolve({ shown: false, url: null }),
    };
  }
}

export function runningJob(change: Partial<JobView> = {}): JobView {
  return {
    id: 'job-1',
    kind: 'resync',
    state: 'running',
    startedAt: NOW - 20_000,
    endedAt: null,
    phase: 'archiving',
    doneBytes: 771_000_000,
    totalBytes: 1_243_000_000,
    doneFiles: 804,
    totalFiles: 1312,
    report: null,
    error: null,
    ...change,
  };
}

/** The same job at its end, with its closing report. */
export function finishedJob(change: Partial<JobView> = {}): JobView {
  const counted = { files: 1312, bytes: 1_243_000_000, records: 611_940, exchanges: 38_204, subagentExchanges: 902 };
  return runningJob({
    state: 'done',
    phase: 'done',
    endedAt: NOW,
    report: {
      kind: 'resync',
      ...counted,
      imported: 2,
      skipped: 1309,
      failed: 1,
      newRecords: 47,
      quarantined: 3,
      failures: [{ path: 'projects/-home-ana-work-notes/4f1c.jsonl', reason: 'Permission denied' }],
      proof: {
        kind: 'verify',
        ...counted,
        missing: 0,
        duplicated: 0,
        quarantined: 3,
        drift: 5,
        missingBytes: [],
        missingRecords: [],
        unreadable: [],
      },
    },
    ...change,
  });
}

export function sampleHealth(): HealthReport {
  const checks: HealthReport['checks'] = [
    { name: 'redis', status: 'pass', timeMs: 0.4, reason: 'Redis 8.2.1 answers and writes every second.' },
    { name: 'queue', status: 'pass', timeMs: 0.9, reason: '6 waiting, 2 pending, oldest 0.8 s.' },
    { name: 'consumer', status: 'pass', timeMs: 0.1, reason: 'Last sign of life 4 s ago.' },
    { name: 'watcher', status: 'pass', timeMs: 0.1, reason: '212 folders are watched, compared 3 min ago.' },
    { name: 'archive', status: 'pass', timeMs: 2.1, reason: 'Written and synced.' },
    { name: 'sqlite', status: 'pass', timeMs: 11.6, reason: 'WAL, synchronous FULL, quick check passed.' },
    { name: 'disk', status: 'warn', timeMs: 0.3, reason: '4.1 GB free, below the warning limit of 5 GB.' },
    { name: 'capture-gap', status: 'pass', timeMs: 8.2, reason: 'All 3,118 prompts of the history are saved.' },
  ];
  return { status: 'degraded', at: NOW - 10_000, checks };
}

export function sampleSessions(): readonly SessionSummary[] {
  return recentSaves().map((save, index) => ({
    id: save.sessionId,
    agent: 'claude-code',
    title: save.title,
    project: save.project,
    startedAt: save.startedAt,
    lastAt: NOW - index * 9 * 3_600_000,
    exchanges: index === 2 ? 2 : 1 + index,
    subagentExchanges: 0,
    sourcePresent: index !== 4,
  }));
}

function sampleHits(query: string): readonly SearchHit[] {
  if (query === 'nothing') return [];
  return recentSaves()
    .slice(2, 5)
    .map((exchange) => ({
      exchange,
      snippet: `…entries deleted while pending: ${HIT_START}${query}${HIT_END} returns their ids in a third field, so <b>nothing</b>…`,
      cursor: 1,
    }));
}

/** A conversation with everything that an exchange can hold, hostile text among it. */
export function sampleConversation(sessionId: string) {
  const session = sampleSessions().find((one) => one.id === sessionId);
  if (session === undefined) throw new RefusedCall('NOT_FOUND', `No conversation begins with ${sessionId}.`);
  const shared = {
    agent: 'claude-code',
    sessionId,
    sessionIds: [sessionId],
    project: session.project,
    isSubagent: false,
    subagentId: null,
    revision: 31,
  } as const;
  const exchanges: readonly Exchange[] = [
    {
      ...shared,
      key: sessionId.replace('session', 'exchange'),
      prompt: 'My rescue loop calls XAUTOCLAIM every 30 s but some pending entries never come back. What am I missing?',
      state: 'complete',
      startedAt: NOW - 4 * 60_000,
      endedAt: NOW - 3 * 60_000,
      parts: [
        { kind: 'thinking', text: 'The cursor may not be followed.', messageId: 'm1', record: 'r1' },
        {
          kind: 'tool',
          name: 'Bash',
          summary: 'grep -rn "xautoclaim" src/',
          useId: 't1',
          messageId: 'm1',
          record: 'r2',
        },
        { kind: 'tool-result', useId: 't1', isError: true, sizeBytes: 1834, record: 'r3' },
        {
          kind: 'text',
          text: 'Two things can hide them.\n\n    let cursor = "0-0"\n    do {\n        …\n    } while (cursor !== "0-0")\n\nYou stop after the first page. <img src=x onerror="document.title=1"> is text.',
          messageId: 'm2',
          record: 'r4',
        },
      ],
    },
    {
      ...shared,
      key: `${sessionId}-second`,
      prompt: 'That was it. Can you add a test that fails when the loop stops early?',
      state: 'open',
      startedAt: NOW - 60_000,
      endedAt: null,
      parts: [{ kind: 'notice', notice: 'interrupted', text: '[Request interrupted by user]', record: 'r5' }],
    },
  ];
  return { session, exchanges };
}
