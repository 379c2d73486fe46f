/**
 * The way of the data, in its order: watch and tail → archive → queue → consume → parse and save. Puts the stages together,
 * starts them sink first and stops them source first. Does not know who asks: API, tray and command line are elsewhere.
 */
import { randomUUID } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { Archive } from './archive/archive.ts';
import { archivePathOf, parseArchivePath, rootKeyOf } from './archive/archive-path.ts';
import { Capturer } from './capture/capturer.ts';
import { OpencodeSources } from './capture/opencode/opencode-sources.ts';
import type { SourceRoot } from './capture/source-layout.ts';
import { committableEnd } from './capture/tracked-file.ts';
import { TranscriptRegistry } from './capture/transcript-registry.ts';
import { TranscriptTailer } from './capture/transcript-tailer.ts';
import type { DataPaths } from './config/data-paths.ts';
import type { EngineOptions } from './contract.ts';
import { Backpressure } from './core/backpressure.ts';
import type { DiskWatch } from './disk/disk-watch.ts';
import { diskIsFull } from './disk/disk-level.ts';
import type { Clock } from './core/clock.ts';
import { Emitter } from './core/emitter.ts';
import { StoreError, describeError, type EngineError } from './core/errors.ts';
import { ForeignDatabase } from './core/foreign-database.ts';
import { LatencyWindow } from './core/latency.ts';
import type { Logger } from './core/logger.ts';
import { ServiceGroup, type Service } from './core/service.ts';
import { PartsFollower } from './parts-follower.ts';
import { QueueFeed } from './queue-feed.ts';
import { findServer, downloadDirectories } from './redis/find-server.ts';
import { RedisSupervisor } from './redis/redis-supervisor.ts';
import { StoreLink, isDamage } from './store-link.ts';
import { StoreThread } from './store-thread.ts';
import type { StoreWorkerData, WriterOperations } from './store-worker-contract.ts';
import type { SaveResult } from './store/segment-saver.ts';
import type { StoredGeneration } from './store/store-figures.ts';
import { QueueSwitch } from './stream/queue-switch.ts';
import { SegmentConsumer, type SegmentOutcome, type SegmentSink } from './stream/segment-consumer.ts';
import { SegmentOutlet, bytesOf } from './stream/segment-outlet.ts';
import type { Segment } from '../../shared/segment.ts';
import type { Settings } from '../../shared/settings.ts';

export interface RecorderOptions {
  readonly engine: EngineOptions;
  readonly paths: DataPaths;
  readonly settings: Settings;
  readonly roots: readonly SourceRoot[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of every call that meets damage in the database. */
  readonly onDamage?: (error: EngineError) => void;
  readonly disk: DiskWatch;
}

/** Bytes between archive and commit. Bounds memory and how long a live record waits behind an import. */
const UNDER_WAY_BYTES = 64 * 1024 * 1024;
const LATENCY_WINDOW_MS = 5 * 60_000;
/** Stable for a data folder: a restart finds what it had taken from the queue. One folder has one engine. */
const CONSUMER_NAME = 'worker-1';

export class Recorder implements Service {
  readonly name = 'recorder';
  readonly archive: Archive;
  readonly registry: TranscriptRegistry;
  readonly capturer: Capturer;
  readonly consumer: SegmentConsumer;
  readonly redis: RedisSupervisor;
  readonly queues = new QueueSwitch();
  readonly latency: LatencyWindow;
  /** Something was committed. */
  readonly saved = new Emitter<{ readonly changedExchanges: number }>();
  readonly #options: RecorderOptions;
  readonly #backpressure = new Backpressure(UNDER_WAY_BYTES);
  readonly #stopping = new AbortController();
  readonly #services: ServiceGroup;
  /** The thread that writes. One that crashed is replaced: what it had not committed was not acknowledged. */
  readonly store: StoreLink<WriterOperations>;
  /** Failures that could not be counted where they are kept, because it was the store that failed. */
  #uncountedFailures = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    const { clock, logger, paths, settings, engine, disk } = options;
    this.archive = new Archive(paths.archiveDirectory);
    this.registry = new TranscriptRegistry({ pathOf: archivePathOf, parse: parseArchivePath }, options.roots);
    this.latency = new LatencyWindow(LATENCY_WINDOW_MS, () => clock.monotonic());
    this.redis = newSupervisor(options);
    this.store = new StoreLink<WriterOperations>({
      start: () => StoreThread.start<WriterOperations>(workerData('writer', engine, paths)),
      onDamage: (error) => {
        options.onDamage?.(error);
      },
      onCrash: () => {
        logger.error('the writing thread had ended and was started again');
      },
    });
    const outlet = new SegmentOutlet({
      queues: this.queues,
      backpressure: this.#backpressure,
      clock,
      logger,
      random: Math.random,
      isHeld: () => disk.isHeld,
    });
    this.consumer = new SegmentConsumer({
      queues: this.queues,
      sink: this.#sink(),
      clock,
      logger: logger.child('consumer'),
      random: Math.random,
    });
    const tailer = new TranscriptTailer({
      archive: this.archive,
      outlet,
      clock,
      isHeld: () => disk.isHeld,
      ...(engine.mode === 'service' ? {} : { documentQuietMs: 0 }),
    });
    this.capturer = new Capturer({
      registry: this.registry,
      tailer,
      rowSources: new OpencodeSources({
        registry: this.registry,
        tailer,
        archive: this.archive,
        clock,
        openDatabase: (file) => ForeignDatabase.open(file, { nativeBinding: engine.sqliteBinding }),
      }),
      clock,
      logger: logger.child('capture'),
      platform: engine.platform,
      describeRoot: (root) => this.archive.describeRoot(root.rootKey, { agent: root.agent, root: root.directory }),
      watches: engine.mode === 'service',
      hotPollMs: settings.capture.hotPollMs,
      reconcileMs: settings.capture.reconcileSeconds * 1000,
      room: (signal) => outlet.room(signal),
      queueMoves: () => this.queues.current !== null && this.consumer.retryingSince === null,
      onArchiveError: (error) => {
        disk.noteRefusal(error);
      },
    });
    // A queue that was changed may have forgotten anything: all that is not committed goes in again.
    this.queues.onChange((queue) => {
      this.#backpressure.reset();
      if (queue !== null) this.capturer.requeue(null);
    });
    const feed = new QueueFeed({
      supervisor: this.redis,
      queues: this.queues,
      consumer: CONSUMER_NAME,
      clock,
      logger: logger.child('queue'),
    });
    const follower = new PartsFollower({
      indexSome: async (most) => await (await this.writer()).call('indexParts', most),
      isBusy: () => this.#backpressure.held > 0,
      saved: this.saved,
      clock,
      logger: logger.child('index'),
      random: Math.random,
    });
    this.#services = new ServiceGroup([follower, this.redis, feed, this.consumer, this.capturer]);
  }

  writer(): Promise<StoreThread<WriterOperations>> {
    return this.store.open();
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.archive.open();
    await this.store.open();
    await this.#loadRegistry();
    await this.#services.start(signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#services.stop();
    await this.store.hold('close');
  }

  /** Another database is in use: what it does not hold of the archive is handed to the queue again. */
  async adoptStore(): Promise<void> {
    this.registry.adopt(await this.#positions());
    this.queues.renew();
  }

  /**
   * Reads files again from their start; what is saved stays saved. Call it when nothing is under way, or entries that are
   * still queued would only be refused.
   */
  async forgetPositions(archivePaths: readonly string[]): Promise<void> {
    await (await this.writer()).call('forgetPositions', archivePaths);
    for (const archivePath of archivePaths) {
      const file = this.registry.get(archivePath);
      if (file === undefined) continue;
      file.committed = 0;
      this.capturer.requeue(archivePath);
    }
  }

  async #loadRegistry(): Promise<void> {
    const positions = await this.#positions();
    const archived: { archivePath: string; sizeBytes: number }[] = [];
    for await (const file of this.archive.list()) archived.push(file);
    this.registry.load(archived, positions);
  }

  async #positions(): Promise<StoredGeneration[]> {
    return await this.store.call('positions');
  }

  #sink(): SegmentSink {
    return {
      save: async (segments) => {
        const result = await this.#save(segments);
        this.#backpressure.release(bytesOf(segments));
        const outcomes = result.segments.map((saved, index): SegmentOutcome => {
          this.#committed(segments[index]?.archivePath ?? '', saved.committed);
          return saved.outcome;
        });
        this.saved.emit({ changedExchanges: result.changedExchanges });
        return outcomes;
      },
      setAside: async (segment, reason) => {
        const result = await this.store
          .call('setAside', this.#withSource(segment), reason)
          .catch((error: unknown) => this.#unlessDamaged(error));
        this.#backpressure.release(bytesOf([segment]));
        this.#committed(segment.archivePath, result.segments[0]?.committed ?? 0);
      },
      requeue: (archivePath) => {
        // What the queue has forgotten is never given back; what it still has is given back twice, which costs nothing.
        if (archivePath === null) this.#backpressure.reset();
        this.capturer.requeue(archivePath);
      },
    };
  }

  async #save(segments: readonly Segment[]): Promise<SaveResult> {
    // Asked before anything is parsed: without room it would be in vain, again and again.
    if (this.#options.disk.isHeld) throw diskIsFull();
    try {
      const result = await this.store.call(
        'save',
        segments.map((segment) => this.#withSource(segment)),
      );
      if (this.#uncountedFailures > 0) await this.store.call('countErrors', this.#uncountedFailures);
      this.#uncountedFailures = 0;
      return result;
    } catch (error) {
      this.#uncountedFailures += 1;
      this.#options.disk.noteRefusal(error);
      return this.#unlessDamaged(error);
    }
  }

  /** A damaged database is replaced, so the segment waits: it is none of its faults. */
  #unlessDamaged(error: unknown): never {
    if (!isDamage(error)) throw error;
    throw new StoreError('STORE_FAILED', 'the database is damaged and will be replaced', {
      cause: error,
      retryable: true,
    });
  }

  #withSource(segment: Segment): { readonly segment: Segment; readonly sourcePath: string | null } {
    const file = this.registry.get(segment.archivePath);
    return { segment, sourcePath: file === undefined || file.root === null ? null : file.sourcePath };
  }

  #committed(archivePath: string, committed: number): void {
    const file = this.registry.get(archivePath);
    if (file === undefined) return;
    file.committed = committed;
    if (file.unsavedSince === null || committed < committableEnd(file)) return;
    this.latency.add(this.#options.clock.monotonic() - file.unsavedSince);
    file.unsavedSince = null;
  }
}

export function workerData(role: 'writer' | 'reader', engine: EngineOptions, paths: DataPaths): StoreWorkerData {
  return {
    role,
    databaseFile: paths.database,
    archiveDirectory: paths.archiveDirectory,
    sqliteBinding: engine.sqliteBinding,
  };
}

export function sourceRoot(root: Omit<SourceRoot, 'rootKey'>): SourceRoot {
  return { ...root, rootKey: rootKeyOf(root.directory) };
}

/** A fresh id for jobs and the like. */
export function newId(): string {
  return randomUUID();
}

function newSupervisor({ engine, paths, clock, logger }: RecorderOptions): RedisSupervisor {
  return new RedisSupervisor({
    directory: paths.redisDirectory,
    find: () =>
      findServer({
        platform: engine.platform,
        arch: engine.arch,
        env: engine.env,
        resourcesDirectory: engine.resourcesDirectory,
        downloadedDirectories: downloadDirectories(
          path.join(engine.resourcesDirectory, '..', 'node_modules'),
          engine.userHome,
        ),
      }).catch((error: unknown) => {
        logger.error('looking for a Redis failed', { error: describeError(error) });
        throw error;
      }),
    platform: engine.platform,
    env: engine.env,
    temporaryDirectory: os.tmpdir(),
    userId: os.userInfo().uid < 0 ? null : os.userInfo().uid,
    clock,
    logger,
    random: Math.random,
  });
}
