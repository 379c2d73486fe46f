/**
 * Keeps the archive up to date with every transcript. Three layers: events of folders (fast, may be lost), a poll of
 * recently touched files (catches appends through handles that stay open), a reconcile of everything (correct). Each of
 * them only says "look at this path"; looking is the tailer's.
 */
import type { EpochMs } from '../../../shared/time.ts';
import type { Clock } from '../core/clock.ts';
import { describeError, isAbort } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Service } from '../core/service.ts';
import type { CaptureFacts, ReconcileResult } from './capture-facts.ts';
import { DirectoryWatcher } from './directory-watcher.ts';
import { FollowQueue, type FollowRequest } from './follow-queue.ts';
import { HandOverBacklog } from './hand-over-backlog.ts';
import { HotFiles } from './hot-files.ts';
import type { RowSources } from './row-sources.ts';
import { Reconciler, type ReconcileOptions } from './reconciler.ts';
import type { SourceRoot } from './source-layout.ts';
import { SourceSurvey } from './source-survey.ts';
import type { TrackedFile } from './tracked-file.ts';
import type { TranscriptRegistry } from './transcript-registry.ts';
import { TranscriptFollower } from './transcript-follower.ts';
import type { FollowOutcome, TranscriptTailer } from './transcript-tailer.ts';

export interface CapturerOptions {
  readonly registry: TranscriptRegistry;
  readonly tailer: TranscriptTailer;
  /** What is read by rows instead of lines; absent: nothing is. */
  readonly rowSources?: RowSources;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly platform: NodeJS.Platform;
  /** Makes sure that the archive says which folder a root key stands for. */
  readonly describeRoot: (root: SourceRoot) => Promise<void>;
  /** False in a command: only what is asked for is read, nothing is watched. */
  readonly watches: boolean;
  readonly hotPollMs: number;
  readonly reconcileMs: number;
  /** Resolves when the queue has room. Rejects with an AbortError. */
  readonly room: (signal: AbortSignal) => Promise<void>;
  /** False while there is no queue, or while saving fails: then what is not committed is not lost, it waits. */
  readonly queueMoves: () => boolean;
  /** Something could not be written into the archive. */
  readonly onArchiveError: (error: unknown) => void;
}

/** The wall clock and the monotonic one drift apart by this much: the machine slept, or the clock was set. */
const WAKE_GAP_MS = 5000;
const FAILED_AGAIN_MS = 5000;

export class Capturer implements Service {
  readonly name = 'capture';
  readonly #options: CapturerOptions;
  readonly #watcher: DirectoryWatcher;
  readonly #survey: SourceSurvey;
  readonly #follower: TranscriptFollower;
  readonly #queue: FollowQueue;
  readonly #hot: HotFiles;
  readonly #backlog: HandOverBacklog;
  readonly #reconciler: Reconciler;
  readonly #timers: Disposable[] = [];
  readonly #folderWalks = new Set<Promise<void>>();
  #stop = new AbortController();
  #paused = false;
  #held = false;
  #unwatchable = 0;
  #unwatchableBefore = 0;
  /** Monotonic: a clock that is set, or a night asleep, is no silence. */
  #lastBeat: number | null = null;
  #lastEventAt: EpochMs | null = null;
  /** What the archive did not take at the last try: paths of transcripts, and folders of roots. */
  readonly #failing = new Set<string>();
  #clockOffset = 0;

  constructor(options: CapturerOptions) {
    this.#options = options;
    this.#watcher = new DirectoryWatcher({
      platform: options.platform,
      onChange: (changedPath) => {
        this.#lastEventAt = options.clock.now();
        this.touch(changedPath);
      },
      onUnwatchable: (directory, code) => {
        this.#unwatchable += 1;
        options.logger.warn('a folder could not be watched', { directory, code });
      },
    });
    this.#survey = new SourceSurvey(options.registry, options.watches ? this.#watcher : null);
    this.#hot = new HotFiles(options.clock);
    this.#backlog = new HandOverBacklog({
      ...options,
      handOver: (file) => (file.state === 'past' ? options.tailer.finish(file) : options.tailer.handOver(file)),
      isHot: (file) => this.#hot.has(file.sourcePath),
      onFailed: (file, error) => {
        if (!isAbort(error)) this.#retryLater(nameOf(file), error);
      },
    });
    this.#follower = new TranscriptFollower({ ...options, onLooked: (file) => this.#backlog.add(file) });
    this.#queue = new FollowQueue((request) => this.#look(request));
    this.#reconciler = new Reconciler({
      ...options,
      survey: this.#survey,
      queue: this.#queue,
      describeRoot: (root) => this.#describeRoot(root),
      onSurveyed: () => {
        // Every folder was tried once more: when none refused, all of them are watched.
        if (this.#unwatchable === this.#unwatchableBefore) this.#unwatchable = 0;
        this.#unwatchableBefore = this.#unwatchable;
      },
    });
  }

  get facts(): CaptureFacts {
    const { clock } = this.#options;
    return {
      watchedDirectories: this.#watcher.size,
      hotFiles: this.#hot.size,
      mode: this.#unwatchable > 0 ? 'polling' : 'events',
      lastBeatAt: this.#lastBeat === null ? null : clock.now() - (clock.monotonic() - this.#lastBeat),
      lastEventAt: this.#lastEventAt,
      lastReconcileAt: this.#reconciler.lastAt,
      missingRoots: (this.#reconciler.lastSurvey?.missingRoots ?? []).map((root) => root.directory),
      skipped: new Map(this.#reconciler.skipped().map(({ path, reason }) => [path, reason])),
      archiveFailing: this.#failing.size > 0,
    };
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** While paused nothing is read; what is written meanwhile is found afterwards, because it stays in the transcripts. */
  set paused(paused: boolean) {
    const resumes = this.#paused && !paused;
    this.#paused = paused;
    if (resumes) this.#goOn();
  }

  get held(): boolean {
    return this.#held;
  }

  /** While held nothing is read either: there is no room to write it down. Nobody asked for that, so it is not a pause. */
  set held(held: boolean) {
    const resumes = this.#held && !held;
    this.#held = held;
    if (resumes) this.#goOn();
  }

  /** Resolves at once; the watches are set by the first reconcile, in the background, which also reads what is there. */
  start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#stop = new AbortController();
    this.#queue.open();
    this.#backlog.open(this.#stop.signal);
    if (!this.#options.watches) return Promise.resolve();
    const { clock, hotPollMs, reconcileMs } = this.#options;
    this.#clockOffset = clock.now() - clock.monotonic();
    this.#timers.push(clock.every(hotPollMs, () => this.#pollHot()));
    this.#timers.push(clock.every(reconcileMs, () => this.#reconcileSoon()));
    this.#reconcileSoon();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) timer[Symbol.dispose]();
    this.#stop.abort();
    this.#watcher.close();
    await this.#queue.close();
    await Promise.all([this.#backlog.close(), this.#reconciler.settled(), ...this.#folderWalks]);
  }

  /** Something happened at this path. */
  touch(changedPath: string): void {
    if (this.#isAtRest) return;
    const rows = this.#options.rowSources?.sourceOf(changedPath) ?? null;
    if (rows !== null) {
      this.#hot.add(rows);
      void this.#queue.add(rows, 'live');
    } else if (this.#options.registry.track(changedPath) !== null) {
      this.#hot.add(changedPath);
      void this.#queue.add(changedPath, 'live');
    } else if (this.#survey.isWalked(changedPath)) {
      this.#walkFolder(changedPath);
    } else if (this.#survey.isRoot(changedPath)) {
      this.#reconcileSoon();
    }
  }

  /** Queues a file, or all of them (null), again from the committed position. */
  requeue(archivePath: string | null): void {
    this.#backlog.requeue(archivePath);
  }

  /** Looks at every transcript there is, and at every one that was known. One after the other when several ask. */
  reconcile(options: ReconcileOptions): Promise<ReconcileResult> {
    this.#backlog.findLost();
    return this.#reconciler.run(options, this.#stop.signal);
  }

  /** Paths among the transcripts that are no files that can be read (links, FIFOs, folders without permission). */
  skipped(): { readonly path: string; readonly reason: string }[] {
    return this.#reconciler.skipped();
  }

  /** Every transcript that is on disk now, without reading any. */
  scan(): Promise<readonly string[]> {
    return this.#reconciler.survey(this.#stop.signal);
  }

  get #isAtRest(): boolean {
    return this.#paused || this.#held;
  }

  /** After a pause or a hold. */
  #goOn(): void {
    if (this.#isAtRest || !this.#options.watches) return;
    // Also when a reconcile is under way: it has passed over what it came to meanwhile.
    this.#reconcileInBackground();
    for (const path of this.#failing) void this.#queue.add(path, 'bulk');
  }

  /** Without its description the archive is still whole, and the transcripts do not wait for it. */
  async #describeRoot(root: SourceRoot): Promise<void> {
    try {
      await this.#options.describeRoot(root);
      this.#failing.delete(root.directory);
    } catch (error) {
      this.#failed(root.directory, 'a root could not be described in the archive', error);
      this.#afterAWhile(() => void this.#describeRoot(root));
    }
  }

  #walkFolder(directory: string): void {
    const walk = this.#survey
      .folder(directory, this.#stop.signal)
      .then((files) => {
        for (const file of files) this.touch(file);
      })
      .catch((error: unknown) => {
        this.#report('walking a folder failed', error);
      })
      .finally(() => this.#folderWalks.delete(walk));
    this.#folderWalks.add(walk);
  }

  /** One look at one path. Serial per path, several paths at a time. Never rejects. */
  async #look({ path, thorough }: FollowRequest): Promise<FollowOutcome> {
    this.#lastBeat = this.#options.clock.monotonic();
    if (this.#isAtRest) return 'unchanged';
    try {
      const outcome = (await this.#lookAtRows(path, thorough)) ?? (await this.#follower.look(path, thorough));
      this.#failing.delete(path);
      if (outcome === 'advanced' || outcome === 'unsettled') this.#hot.add(path);
      return outcome;
    } catch (error) {
      if (!isAbort(error)) this.#retryLater(path, error);
      return 'blocked';
    }
  }

  /** Null: the path is none of a source of rows. */
  async #lookAtRows(path: string, thorough: boolean): Promise<FollowOutcome | null> {
    const { rowSources, registry } = this.#options;
    if (rowSources?.sourceOf(path) !== path) return null;
    const outcome = await rowSources.follow(path, thorough);
    // The queue may have had no room for all of its mirror's files.
    if (outcome === 'advanced') for (const file of registry.all()) this.#backlog.add(file);
    return outcome;
  }

  #retryLater(path: string, error: unknown): void {
    this.#failed(path, 'a transcript could not be archived', error);
    this.#afterAWhile(() => void this.#queue.add(path, 'bulk'));
  }

  #afterAWhile(work: () => void): void {
    void this.#options.clock.sleep(FAILED_AGAIN_MS, this.#stop.signal).then(work, ignoreAbort);
  }

  #failed(path: string, message: string, error: unknown): void {
    this.#failing.add(path);
    this.#report(message, error);
    this.#options.onArchiveError(error);
  }

  #pollHot(): void {
    const { clock } = this.#options;
    this.#lastBeat = clock.monotonic();
    const offset = clock.now() - clock.monotonic();
    const gap = Math.abs(offset - this.#clockOffset);
    this.#clockOffset = offset;
    if (gap > WAKE_GAP_MS) this.#reconcileSoon();
    this.#backlog.findLostSometimes();
    if (this.#isAtRest) return;
    for (const file of this.#hot.files()) void this.#queue.add(file, 'live');
  }

  #reconcileSoon(): void {
    if (!this.#isAtRest && !this.#reconciler.isUnderWay) this.#reconcileInBackground();
  }

  #reconcileInBackground(): void {
    void this.reconcile({ thorough: false }).catch((error: unknown) => this.#report('the reconcile failed', error));
  }

  #report(message: string, error: unknown): void {
    if (!isAbort(error)) this.#options.logger.warn(message, { error: describeError(error) });
  }
}

/** By which it is looked at: a generation that is past has no source. */
function nameOf(file: TrackedFile): string {
  return file.state === 'past' ? file.archivePath : file.sourcePath;
}

function ignoreAbort(error: unknown): void {
  if (!isAbort(error)) throw error;
}
