/**
 * The whole recorder behind one interface. Composition only: what is built here is started sink first (store, queue, consumer,
 * capture, API) and stopped source first.
 */
import { FileLogger } from './core/file-logger.ts';
import { ApiServer } from './api/api-server.ts';
import { agentRoots } from './config/agent-roots.ts';
import { ensureApiToken } from './config/api-token.ts';
import { dataPaths, type DataPaths } from './config/data-paths.ts';
import { removeEngineRecord, writeEngineRecord } from './config/engine-record.ts';
import { prepareHome } from './config/prepare-home.ts';
import { SettingsFile } from './config/settings-file.ts';
import type { Engine, EngineOptions } from './contract.ts';
import { systemClock } from './core/clock.ts';
import { dataDisk } from './data-disk.ts';
import type { DiskWatch } from './disk/disk-watch.ts';
import { Emitter } from './core/emitter.ts';
import { EngineError } from './core/errors.ts';
import { delegatingHandlers } from './delegating-handlers.ts';
import { engineHandlers } from './engine-handlers.ts';
import { JobRunner } from './jobs/job-runner.ts';
import { PauseEnd } from './pause-end.ts';
import { Recorder, newId, sourceRoot } from './recorder.ts';
import { StatusBoard } from './status-board.ts';
import { FileLock } from './store/database.ts';
import { StoreKeeper } from './store-keeper.ts';
import { isDamage } from './store-link.ts';
import { StoreUpkeep } from './store-upkeep.ts';
import type { EventTopic, Events, Handlers } from '../../shared/ipc.ts';
import type { JobView, StatusSnapshot } from '../../shared/status.ts';

export function createEngine(options: EngineOptions): Engine {
  return new LocalEngine(options);
}

const PAUSE_CHECK_MS = 1000;
const JOB_EVENT_GAP_MS = 250;

/** What exists only between start and stop. */
interface Running {
  readonly settings: SettingsFile;
  readonly disk: DiskWatch;
  readonly keeper: StoreKeeper;
  readonly upkeep: StoreUpkeep;
  readonly board: StatusBoard;
  readonly handlers: Handlers;
}

class LocalEngine implements Engine {
  /** The same object all the time, so that transports can be wired before the start. */
  readonly handlers: Handlers = delegatingHandlers(() => this.#started.handlers);
  readonly #options: EngineOptions;
  readonly #paths: DataPaths;
  readonly #logger: FileLogger;
  readonly #clock = systemClock;
  readonly #startedAt = systemClock.now();
  readonly #jobs: JobRunner;
  readonly #jobEvents = new Emitter<JobView>();
  readonly #cleanup: Disposable[] = [];
  readonly #pauseEnd = new PauseEnd(this.#clock);
  #lock: FileLock | null = null;
  #recorder: Recorder | null = null;
  #recorderStart: Promise<Recorder> | null = null;
  #running: Running | null = null;
  #api: ApiServer | null = null;
  readonly #statusListeners = new Map<(snapshot: StatusSnapshot) => void, Disposable | null>();
  #isStopping = false;
  #stopped: Promise<void> | null = null;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#paths = dataPaths(options.home);
    this.#logger = new FileLogger({ directory: this.#paths.logsDirectory, clock: this.#clock });
    this.#jobs = new JobRunner({ clock: this.#clock, logger: this.#logger.child('jobs'), newId });
  }

  get apiUrl(): string | null {
    return this.#api?.url ?? null;
  }

  get windowUrl(): string | null {
    return this.#api?.windowUrl ?? null;
  }

  on<E extends EventTopic>(topic: E, listener: (payload: Events[E]) => void): Disposable {
    if (topic === 'job.changed') return this.#jobEvents.on(listener as (view: JobView) => void);
    const onStatus = listener as (snapshot: StatusSnapshot) => void;
    this.#statusListeners.set(onStatus, this.#running?.board.on(onStatus) ?? null);
    return {
      [Symbol.dispose]: () => {
        this.#statusListeners.get(onStatus)?.[Symbol.dispose]();
        this.#statusListeners.delete(onStatus);
      },
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    const { options } = { options: this.#options };
    const settings = await SettingsFile.open(this.#paths.settings);
    const disk = dataDisk({
      settings,
      paths: this.#paths,
      keepsReserve: options.mode === 'service',
      clock: this.#clock,
      logger: this.#logger.child('disk'),
    });
    await disk.makeRoomToStart();
    await prepareHome(options.home);
    try {
      if (options.mode === 'service') this.#takeLock();
      await disk.start(signal);
      this.#running = this.#compose(settings, disk);
      // The first opening makes the database and brings its schema up to date, before anybody reads it.
      await this.#running.keeper.open();
      this.#listen();
      if (options.mode === 'service') await this.#serve(signal);
      this.#logger.info('engine started', { mode: options.mode, version: options.version });
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopNow();
    return this.#stopped;
  }

  get #started(): Running {
    if (this.#running === null) {
      throw new EngineError('ENGINE_NOT_RUNNING', 'Holdfast is starting; try again in a moment.', { retryable: true });
    }
    return this.#running;
  }

  #compose(settings: SettingsFile, disk: DiskWatch): Running {
    const keeper = new StoreKeeper({
      engine: this.#options,
      paths: this.#paths,
      clock: this.#clock,
      logger: this.#logger.child('store'),
      recorder: () => this.#recorder,
      onChange: () => {
        board.nudge();
      },
      onReplaced: () => {
        upkeep.reload();
      },
    });
    const { reader, checker } = keeper;
    const upkeep = new StoreUpkeep({
      ...{ keeper, settings, disk, paths: this.#paths, jobs: this.#jobs, clock: this.#clock, logger: this.#logger },
      recorder: () => this.#recorder,
    });
    const board = new StatusBoard({
      version: this.#options.version,
      startedAt: this.#startedAt,
      paths: this.#paths,
      reader,
      recorder: () => this.#recorder,
      jobs: this.#jobs,
      disk,
      pause: () => pauseOf(settings),
      isStopping: () => this.#isStopping,
      upkeep: () => upkeep.view,
      clock: this.#clock,
      logger: this.#logger.child('status'),
    });
    const handlers = engineHandlers({
      options: this.#options,
      paths: this.#paths,
      clock: this.#clock,
      settings,
      reader,
      checker,
      board,
      keeper,
      takeBackup: () => upkeep.backups.take(),
      disk,
      jobs: this.#jobs,
      recorder: () => this.#recorder,
      ensureRecorder: () => this.#ensureRecorder(),
      takeLock: () => {
        this.#takeLock();
      },
      windowUrl: () => this.windowUrl,
    });
    return { settings, disk, keeper, upkeep, board, handlers };
  }

  #listen(): void {
    const { board, settings } = this.#started;
    for (const listener of this.#statusListeners.keys()) this.#statusListeners.set(listener, board.on(listener));
    let lastEvent = -Infinity;
    this.#cleanup.push(
      this.#jobs.onChange((view) => {
        board.nudge();
        const now = this.#clock.monotonic();
        if (view.state === 'running' && now - lastEvent < JOB_EVENT_GAP_MS) return;
        lastEvent = now;
        this.#jobEvents.emit(view);
      }),
      this.#clock.every(PAUSE_CHECK_MS, () => {
        this.#resumeWhenDue(settings);
      }),
    );
    board.start();
  }

  /** Starts recording, and answers others. */
  async #serve(signal: AbortSignal): Promise<void> {
    const { settings, board } = this.#started;
    const token = await ensureApiToken(this.#paths.apiToken);
    const api = new ApiServer({
      engine: this,
      token,
      port: this.#options.port ?? settings.get().api.port,
      rendererDirectory: this.#options.rendererDirectory,
      version: this.#options.version,
      clock: this.#clock,
      logger: this.#logger.child('api'),
    });
    await api.start(signal);
    this.#api = api;
    await this.#startRecording(signal);
    await writeEngineRecord(this.#options.home, {
      pid: process.pid,
      apiUrl: api.url ?? '',
      windowUrl: api.windowUrl,
      startedAt: this.#startedAt,
      version: this.#options.version,
    });
    board.nudge();
  }

  /** Damage that shows while the recorder is built is put right first. */
  async #startRecording(signal: AbortSignal): Promise<void> {
    const { keeper, upkeep } = this.#started;
    try {
      await this.#ensureRecorder(signal);
    } catch (error) {
      if (!isDamage(error)) throw error;
      await keeper.recover(error);
      await this.#ensureRecorder(signal);
    }
    keeper.watch();
    await upkeep.start();
  }

  #takeLock(): void {
    if (this.#lock !== null) return;
    this.#lock = FileLock.tryAcquire(this.#paths.engineLock, this.#options.sqliteBinding);
    if (this.#lock === null) {
      throw new EngineError('ENGINE_ALREADY_RUNNING', 'Holdfast is already running with this data folder.');
    }
  }

  /** In a command the recorder is built only when something has to be read or saved. */
  #ensureRecorder(signal: AbortSignal = new AbortController().signal): Promise<Recorder> {
    this.#recorderStart ??= this.#startRecorder(signal).catch((error: unknown) => {
      this.#recorderStart = null;
      throw error;
    });
    return this.#recorderStart;
  }

  async #startRecorder(signal: AbortSignal): Promise<Recorder> {
    const { settings, board, keeper, disk } = this.#started;
    this.#takeLock();
    const roots = await agentRoots({
      platform: this.#options.platform,
      env: this.#options.env,
      userHome: this.#options.userHome,
      extraRoots: settings.get().sources.claudeCode.extraRoots,
    });
    const recorder = new Recorder({
      engine: this.#options,
      paths: this.#paths,
      settings: settings.get(),
      roots: roots.map(sourceRoot),
      clock: this.#clock,
      logger: this.#logger,
      onDamage: (error) => {
        keeper.report(error);
      },
      disk,
    });
    recorder.capturer.paused = pauseOf(settings).paused;
    recorder.capturer.held = disk.isHeld;
    this.#cleanup.push(
      recorder.saved.on(() => {
        board.nudge();
      }),
      settings.onChange(() => {
        recorder.capturer.paused = pauseOf(settings).paused;
      }),
      disk.onChange((level) => {
        recorder.capturer.held = level === 'held';
        board.nudge();
      }),
    );
    this.#recorder = recorder;
    try {
      await recorder.start(signal);
    } catch (error) {
      this.#recorder = null;
      await recorder.stop();
      throw error;
    }
    return recorder;
  }

  #resumeWhenDue(settings: SettingsFile): void {
    if (!this.#pauseEnd.isReached(pauseOf(settings))) return;
    void this.handlers['recording.resume']({}).catch((error: unknown) => {
      this.#logger.error('recording could not be resumed', { error: String(error) });
    });
  }

  async #stopNow(): Promise<void> {
    this.#isStopping = true;
    for (const item of this.#cleanup.splice(0)) item[Symbol.dispose]();
    this.#running?.board.stop();
    await this.#running?.keeper.interrupt();
    await this.#jobs.stop();
    await this.#api?.stop();
    await this.#recorderStart?.catch(() => null);
    await this.#running?.upkeep.stop();
    await this.#recorder?.stop();
    await this.#running?.disk.stop();
    await this.#running?.keeper.stop();
    if (this.#options.mode === 'service') await removeEngineRecord(this.#options.home, process.pid);
    this.#logger.info('engine stopped');
    this.#lock?.release();
    this.#lock = null;
    await this.#logger.close();
  }
}

function pauseOf(settings: SettingsFile): StatusSnapshot['pause'] {
  const { paused, pausedUntil } = settings.get().recording;
  return { paused, until: paused ? pausedUntil : null };
}
