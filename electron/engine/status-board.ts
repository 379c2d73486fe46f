/** Measures everything once a second while somebody looks or something happens, else every few seconds, and tells it. */
import { statfs } from 'node:fs/promises';
import type { StatusSnapshot } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';
import type { DataPaths } from './config/data-paths.ts';
import type { Clock } from './core/clock.ts';
import { Emitter } from './core/emitter.ts';
import { describeError, systemErrorCode } from './core/errors.ts';
import type { Logger } from './core/logger.ts';
import type { JobRunner } from './jobs/job-runner.ts';
import type { Recorder } from './recorder.ts';
import type { RedisState } from './redis/redis-state.ts';
import { AlarmBook } from './status/alarm-book.ts';
import { HealthTracker } from './status/component-health.ts';
import { buildSnapshot } from './status/snapshot.ts';
import type { StatusFacts } from './status/status-facts.ts';
import { databaseSize } from './store/database.ts';
import type { StoreThread } from './store-thread.ts';
import type { ReaderOperations } from './store-worker-contract.ts';

export interface StatusBoardOptions {
  readonly version: string;
  readonly startedAt: EpochMs;
  readonly paths: DataPaths;
  readonly reader: StoreThread<ReaderOperations>;
  /** Null in a command that does not record. */
  readonly recorder: () => Recorder | null;
  readonly jobs: JobRunner;
  readonly pause: () => StatusSnapshot['pause'];
  readonly isStopping: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

const TICK_MS = 1000;
/** With nobody looking and nothing going on, every fifth tick is enough for the tray. */
const IDLE_TICKS = 5;
const ACTIVE_FOR_MS = 10_000;
const MIN_GAP_MS = 250;
const DAY_MS = 24 * 3_600_000;
const RECENT_SAVES = 12;

interface Slow {
  readonly minutes: StatusSnapshot['minutes'];
  readonly captureGap: number | null;
  readonly diskFreeBytes: number | null;
  readonly redis: Pick<StatusSnapshot['queue']['server'], 'memoryBytes' | 'aof'>;
}

export class StatusBoard {
  readonly #options: StatusBoardOptions;
  readonly #changed = new Emitter<StatusSnapshot>();
  readonly #alarms = new AlarmBook();
  readonly #health = new HealthTracker();
  #listeners = 0;
  #timer: Disposable | null = null;
  #ticks = 0;
  #lastActivity = -Infinity;
  #snapshot: StatusSnapshot | null = null;
  #measuredAt = -Infinity;
  #measuring: Promise<StatusSnapshot> | null = null;
  #slow: Slow = { minutes: [], captureGap: null, diskFreeBytes: null, redis: { memoryBytes: null, aof: null } };
  #slowAt = -Infinity;
  #gapAt = -Infinity;

  constructor(options: StatusBoardOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.clock.every(TICK_MS, () => {
      this.#tick();
    });
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  on(listener: (snapshot: StatusSnapshot) => void): Disposable {
    this.#listeners += 1;
    const registration = this.#changed.on(listener);
    return {
      [Symbol.dispose]: () => {
        this.#listeners -= 1;
        registration[Symbol.dispose]();
      },
    };
  }

  /** Something happened that people want to see soon. */
  nudge(): void {
    this.#lastActivity = this.#options.clock.monotonic();
  }

  /** Measures now, unless that was done a moment ago. */
  async current(): Promise<StatusSnapshot> {
    if (this.#snapshot !== null && this.#options.clock.monotonic() - this.#measuredAt < MIN_GAP_MS)
      return this.#snapshot;
    return await this.#measure();
  }

  /** Measures now and tells everybody: after a change that a person made. */
  async refresh(): Promise<StatusSnapshot> {
    await this.#measuring;
    const snapshot = await this.#measure();
    this.#changed.emit(snapshot);
    return snapshot;
  }

  #tick(): void {
    this.#ticks += 1;
    const isActive = this.#options.clock.monotonic() - this.#lastActivity < ACTIVE_FOR_MS;
    if (!isActive && this.#listeners === 0 && this.#ticks % IDLE_TICKS !== 0) return;
    void this.#measure().then(
      (snapshot) => {
        this.#changed.emit(snapshot);
      },
      (error: unknown) => {
        if (!this.#options.isStopping()) this.#options.logger.warn('measuring failed', { error: describeError(error) });
      },
    );
  }

  #measure(): Promise<StatusSnapshot> {
    this.#measuring ??= this.#measureNow().finally(() => {
      this.#measuring = null;
    });
    return this.#measuring;
  }

  async #measureNow(): Promise<StatusSnapshot> {
    const facts = await this.#facts();
    const monotonic = this.#options.clock.monotonic();
    const health = {
      transcripts: this.#health.update('transcripts', facts),
      watcher: this.#health.update('watcher', facts),
      archive: this.#health.update('archive', facts),
      queue: this.#health.update('queue', facts),
      consumer: this.#health.update('consumer', facts),
      store: this.#health.update('store', facts),
    };
    this.#snapshot = buildSnapshot(facts, health, this.#alarms.update(facts, monotonic));
    this.#measuredAt = monotonic;
    return this.#snapshot;
  }

  async #facts(): Promise<StatusFacts> {
    const { clock, version, startedAt, paths, reader, jobs, pause, isStopping } = this.#options;
    const recorder = this.#options.recorder();
    const now = clock.now();
    const [counts, recentSaves, depth] = await Promise.all([
      reader.call('counts', now),
      reader.call('recent', RECENT_SAVES),
      this.#depth(recorder),
    ]);
    await this.#measureSlow(recorder, now);
    const { records, exchanges, sessions, deadLetters, lastSaveAt, savesLastHour, errorsLastHour } = counts;
    const store = { records, exchanges, sessions, deadLetters, lastSaveAt, savesLastHour, errorsLastHour };
    const retryingSince = recorder?.consumer.retryingSince ?? null;
    return {
      now,
      version,
      startedAt,
      isStarting: recorder !== null && recorder.redis.state.kind === 'starting',
      isStopping: isStopping(),
      pause: pause(),
      capture: captureFacts(recorder, clock),
      queue: { ...queueFacts(recorder, this.#slow.redis), ...depth },
      consumer: consumerFacts(recorder, clock, retryingSince),
      store: {
        ...databaseSize(paths.database),
        ...store,
        diskFreeBytes: this.#slow.diskFreeBytes,
        isFailing: retryingSince !== null && clock.monotonic() - retryingSince > TICK_MS * 2,
      },
      captureGap: this.#slow.captureGap,
      recentSaves,
      minutes: this.#slow.minutes,
      job: jobs.latest,
    };
  }

  async #depth(
    recorder: Recorder | null,
  ): Promise<{ depth: number | null; pending: number | null; oldestAgeMs: number | null }> {
    const queue = recorder?.queues.current ?? null;
    if (recorder === null || queue === null) return { depth: null, pending: null, oldestAgeMs: null };
    try {
      const { depth, pending } = await queue.depth();
      const since = depth === 0 ? null : recorder.registry.totals().unsavedSince;
      return { depth, pending, oldestAgeMs: since === null ? 0 : this.#options.clock.monotonic() - since };
    } catch (error) {
      this.#options.logger.debug('the depth of the queue is unknown', { error: describeError(error) });
      return { depth: null, pending: null, oldestAgeMs: null };
    }
  }

  async #measureSlow(recorder: Recorder | null, now: EpochMs): Promise<void> {
    const { clock, reader, paths } = this.#options;
    const monotonic = clock.monotonic();
    const isActive = monotonic - this.#lastActivity < ACTIVE_FOR_MS;
    if (monotonic - this.#slowAt < (isActive ? 5000 : 15_000)) return;
    this.#slowAt = monotonic;
    const isGapDue = monotonic - this.#gapAt > 60_000 && (isActive || this.#slow.captureGap === null);
    if (isGapDue) this.#gapAt = monotonic;
    this.#slow = {
      minutes: await reader.call('minutes', now - DAY_MS),
      captureGap: isGapDue ? await reader.call('captureGap', now) : this.#slow.captureGap,
      diskFreeBytes: await freeBytes(paths.home),
      redis: await redisFacts(recorder),
    };
  }
}

function captureFacts(recorder: Recorder | null, clock: Clock): StatusFacts['capture'] {
  const totals = recorder?.registry.totals();
  const facts = recorder?.capturer.facts;
  return {
    files: totals?.files ?? 0,
    hotFiles: facts?.hotFiles ?? 0,
    agents: new Set(recorder?.registry.roots.map((root) => root.agent)).size,
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

function queueFacts(
  recorder: Recorder | null,
  server: Pick<StatusSnapshot['queue']['server'], 'memoryBytes' | 'aof'>,
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

function consumerFacts(recorder: Recorder | null, clock: Clock, retryingSince: number | null): StatusFacts['consumer'] {
  const beat = recorder?.consumer.lastBeat ?? null;
  const beatAgeMs = beat === null ? null : clock.monotonic() - beat;
  return {
    beatAgeMs,
    lastBeatAt: beatAgeMs === null ? null : clock.now() - beatAgeMs,
    retryingForMs: retryingSince === null ? null : clock.monotonic() - retryingSince,
    latency: recorder?.latency.percentiles([0.5, 0.95, 0.99]) ?? [null, null, null],
  };
}

async function redisFacts(recorder: Recorder | null): Promise<Slow['redis']> {
  if (recorder?.redis.state.kind !== 'ready') return { memoryBytes: null, aof: null };
  try {
    const { memoryBytes, aof } = await recorder.redis.facts();
    return { memoryBytes, aof };
  } catch (error) {
    if (systemErrorCode(error) === null) throw error;
    return { memoryBytes: null, aof: null };
  }
}

async function freeBytes(directory: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch (error) {
    if (systemErrorCode(error) === null) throw error;
    return null;
  }
}
