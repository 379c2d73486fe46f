/** Measures everything once a second while somebody looks or something happens, else every few seconds, and tells it. */
import type { ExchangeSummary } from '../../shared/exchange.ts';
import type { StatusSnapshot } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';
import type { DataPaths } from './config/data-paths.ts';
import type { Clock } from './core/clock.ts';
import { Emitter } from './core/emitter.ts';
import { EngineError, describeError } from './core/errors.ts';
import type { Logger } from './core/logger.ts';
import type { DiskWatch } from './disk/disk-watch.ts';
import type { JobRunner } from './jobs/job-runner.ts';
import type { Recorder } from './recorder.ts';
import { captureFacts, consumerFacts, diskFacts, queueFacts, redisFacts } from './recorder-facts.ts';
import { AlarmBook } from './status/alarm-book.ts';
import { HealthTracker } from './status/component-health.ts';
import { buildSnapshot } from './status/snapshot.ts';
import type { StatusFacts } from './status/status-facts.ts';
import { databaseSize } from './store/database.ts';
import type { StoreCounts } from './store/store-figures.ts';
import type { StoreCalls } from './store-thread.ts';
import type { ReaderOperations } from './store-worker-contract.ts';

export interface StatusBoardOptions {
  readonly version: string;
  readonly startedAt: EpochMs;
  readonly paths: DataPaths;
  readonly reader: StoreCalls<ReaderOperations>;
  /** Null in a command that does not record. */
  readonly recorder: () => Recorder | null;
  readonly jobs: JobRunner;
  readonly disk: DiskWatch;
  readonly pause: () => StatusSnapshot['pause'];
  readonly isStopping: () => boolean;
  readonly upkeep: () => StatusSnapshot['upkeep'];
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
/** A recorder whose parts have shown no sign of life is starting, until this has passed: then they are late. */
const STARTING_MS = 60_000;
const NO_COUNTS: StoreCounts = {
  exchanges: 0,
  subagentExchanges: 0,
  sessions: 0,
  records: 0,
  deadLetters: 0,
  lastSaveAt: null,
  savesLastHour: 0,
  errorsLastHour: 0,
};

interface Slow {
  readonly minutes: StatusSnapshot['minutes'];
  readonly captureGap: number | null;
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
  #slow: Slow = { minutes: [], captureGap: null, redis: { memoryBytes: null, aof: null } };
  #slowAt = -Infinity;
  /** Last answers of the database: they stay on show while it does not answer. */
  #counts = NO_COUNTS;
  #recentSaves: readonly ExchangeSummary[] = [];
  #recorderSince: number | null = null;
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
    const { clock, version, startedAt, paths, reader, jobs, disk, pause, isStopping } = this.#options;
    const recorder = this.#options.recorder();
    const now = clock.now();
    const [counts, recentSaves, depth] = await Promise.all([
      this.#ask(() => reader.call('counts', now)),
      this.#ask(() => reader.call('recent', RECENT_SAVES)),
      this.#depth(recorder),
    ]);
    this.#counts = counts ?? this.#counts;
    this.#recentSaves = recentSaves ?? this.#recentSaves;
    await this.#measureSlow(recorder, now);
    const { records, exchanges, sessions, deadLetters, lastSaveAt, savesLastHour, errorsLastHour } = this.#counts;
    const store = { records, exchanges, sessions, deadLetters, lastSaveAt, savesLastHour, errorsLastHour };
    const retryingSince = recorder?.consumer.retryingSince ?? null;
    return {
      now,
      version,
      startedAt,
      isStarting: this.#isStarting(recorder),
      isStopping: isStopping(),
      pause: pause(),
      capture: captureFacts(recorder, clock),
      queue: { ...queueFacts(recorder, this.#slow.redis), ...depth },
      consumer: consumerFacts(recorder, clock, retryingSince),
      store: {
        ...databaseSize(paths.database),
        ...store,
        isFailing: counts === null || (!disk.isHeld && isLate(retryingSince, clock)),
      },
      upkeep: this.#options.upkeep(),
      disk: diskFacts(disk),
      captureGap: this.#slow.captureGap,
      recentSaves: this.#recentSaves,
      minutes: this.#slow.minutes,
      job: jobs.latest,
    };
  }

  /** Asks the database. Null when it cannot answer: that is a fact to show, and no reason to show nothing. */
  async #ask<T>(question: () => Promise<T>): Promise<T | null> {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#options.logger.debug('the database does not answer', { error: describeError(error) });
      return null;
    }
  }

  #isStarting(recorder: Recorder | null): boolean {
    if (recorder === null) return false;
    const monotonic = this.#options.clock.monotonic();
    this.#recorderSince ??= monotonic;
    if (recorder.redis.state.kind === 'starting') return true;
    const isLate = monotonic - this.#recorderSince > STARTING_MS;
    return !isLate && (isSilent(recorder) || recorder.consumer.lastBeat === null);
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
    const { clock, reader } = this.#options;
    const monotonic = clock.monotonic();
    const isActive = monotonic - this.#lastActivity < ACTIVE_FOR_MS;
    if (monotonic - this.#slowAt < (isActive ? 5000 : 15_000)) return;
    this.#slowAt = monotonic;
    const isGapDue = monotonic - this.#gapAt > 60_000 && (isActive || this.#slow.captureGap === null);
    if (isGapDue) this.#gapAt = monotonic;
    const minutes = await this.#ask(() => reader.call('minutes', now - DAY_MS));
    const gap = isGapDue ? await this.#ask(() => reader.call('captureGap', now)) : null;
    this.#slow = {
      minutes: minutes ?? this.#slow.minutes,
      captureGap: gap ?? this.#slow.captureGap,
      redis: await redisFacts(recorder),
    };
  }
}

/** One failed save is nothing to be alarmed about: it is tried again. */
function isLate(retryingSince: number | null, clock: Clock): boolean {
  return retryingSince !== null && clock.monotonic() - retryingSince > TICK_MS * 2;
}

/** Nothing was looked at yet, although nobody asked for that. */
function isSilent({ capturer }: Recorder): boolean {
  return capturer.facts.lastBeatAt === null && !capturer.paused;
}
