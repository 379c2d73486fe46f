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
import { HotFiles } from './hot-files.ts';
import { LostSegments } from './lost-segments.ts';
import { isBelow, type SourceRoot } from './source-layout.ts';
import { SourceSurvey, type Survey } from './source-survey.ts';
import { demandHandOver, type TrackedFile } from './tracked-file.ts';
import type { TranscriptRegistry } from './transcript-registry.ts';
import { TranscriptFollower } from './transcript-follower.ts';
import type { FollowOutcome, TranscriptTailer } from './transcript-tailer.ts';

export interface CapturerOptions {
  readonly registry: TranscriptRegistry;
  readonly tailer: TranscriptTailer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly platform: NodeJS.Platform;
  /** Makes sure that the archive says which folder a root key stands for. */
  readonly describeRoot: (root: SourceRoot) => Promise<void>;
  /** False in a command: only what is asked for is read, nothing is watched. */
  readonly watches: boolean;
  readonly hotPollMs: number;
  readonly reconcileMs: number;
  /** False while there is no queue, or while saving fails: then what is not committed is not lost, it waits. */
  readonly queueMoves: () => boolean;
}

/** How often positions that stand still are looked for. */
const LOOK_FOR_LOST_MS = 5000;
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
  readonly #lost: LostSegments;
  #lookedForLostAt = -Infinity;
  readonly #timers: Disposable[] = [];
  readonly #folderWalks = new Set<Promise<void>>();
  #stop = new AbortController();
  #paused = false;
  #reconciles: Promise<unknown> = Promise.resolve();
  #reconcilesUnderWay = 0;
  #lastSurvey: Survey | null = null;
  #unwatchable = 0;
  /** Monotonic: a clock that is set, or a night asleep, is no silence. */
  #lastBeat: number | null = null;
  #lastEventAt: EpochMs | null = null;
  #lastReconcileAt: EpochMs | null = null;
  #archiveFailing = false;
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
    this.#follower = new TranscriptFollower(options);
    this.#queue = new FollowQueue((request) => this.#look(request));
    this.#hot = new HotFiles(options.clock);
    this.#lost = new LostSegments(() => options.clock.monotonic());
  }

  get facts(): CaptureFacts {
    const { clock } = this.#options;
    return {
      watchedDirectories: this.#watcher.size,
      hotFiles: this.#hot.size,
      mode: this.#unwatchable > 0 ? 'polling' : 'events',
      lastBeatAt: this.#lastBeat === null ? null : clock.now() - (clock.monotonic() - this.#lastBeat),
      lastEventAt: this.#lastEventAt,
      lastReconcileAt: this.#lastReconcileAt,
      missingRoots: (this.#lastSurvey?.missingRoots ?? []).map((root) => root.directory),
      skipped: this.#lastSurvey?.skipped ?? new Map<string, string>(),
      archiveFailing: this.#archiveFailing,
    };
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** While paused nothing is read; what is written meanwhile is found afterwards, because it stays in the transcripts. */
  set paused(paused: boolean) {
    const resumes = this.#paused && !paused;
    this.#paused = paused;
    // Also when a reconcile is under way: it has passed over what it came to during the pause.
    if (resumes && this.#options.watches) this.#reconcileInBackground();
  }

  /** Resolves at once; the watches are set by the first reconcile, in the background, which also reads what is there. */
  start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#stop = new AbortController();
    this.#queue.open();
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
    await Promise.all([this.#reconciles, ...this.#folderWalks]);
  }

  /** Something happened at this path. */
  touch(changedPath: string): void {
    if (this.#paused) return;
    if (this.#options.registry.track(changedPath) !== null) {
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
    const { registry } = this.#options;
    const file = archivePath === null ? undefined : registry.get(archivePath);
    const files = archivePath === null ? [...registry.all()] : file === undefined ? [] : [file];
    for (const tracked of files) demandHandOver(tracked);
    // A file whose bytes are all committed as far as is known is not looked at for this; if it is being copied, its look sees
    // the demand itself.
    for (const tracked of files)
      if (tracked.archived !== tracked.committed) void this.#queue.add(nameOf(tracked), 'bulk');
  }

  /**
   * Looks at every transcript there is, and at every one that was known. One after the other when several ask.
   * @param options.thorough compares every archived byte with the source
   */
  reconcile(options: { readonly thorough: boolean; readonly paths?: readonly string[] }): Promise<ReconcileResult> {
    this.#reconcilesUnderWay += 1;
    const run = this.#reconciles
      .then(() => this.#reconcileNow(options.thorough, options.paths ?? null))
      .finally(() => (this.#reconcilesUnderWay -= 1));
    // The next one does not fail because this one has: whoever asked for it is told.
    this.#reconciles = run.catch(() => undefined);
    return run;
  }

  async #reconcileNow(thorough: boolean, paths: readonly string[] | null): Promise<ReconcileResult> {
    const { registry, clock } = this.#options;
    const files = await this.#surveyAll();
    this.#findLost();
    const left = [...registry.all()].filter(
      (file) => file.state === 'past' && file.segmenter === null && file.committed < file.archived,
    );
    const known = [...registry.all()].filter((file) => file.state !== 'past').map((file) => file.sourcePath);
    const everything = [...new Set([...files, ...known])].filter((file) => isBelow(file, paths));
    const outcomes = await Promise.all([
      ...everything.map((file) => this.#queue.add(file, 'bulk', thorough)),
      ...left.map((file) => this.#queue.add(file.archivePath, 'bulk')),
    ]);
    this.#lastReconcileAt = clock.now();
    return {
      files: everything.length,
      advanced: outcomes.filter((outcome) => outcome === 'advanced').length,
      unchanged: outcomes.filter((outcome) => outcome === 'unchanged').length,
      failures: this.failures(paths),
    };
  }

  /** What the queue has lost without a word is handed over again. */
  #findLost(): void {
    const { registry, logger, queueMoves, clock } = this.#options;
    this.#lookedForLostAt = clock.monotonic();
    if (!queueMoves()) {
      this.#lost.forget();
      return;
    }
    const demanded = this.#lost.demandAgain(registry.all());
    if (demanded === 0) return;
    logger.warn('queued segments were lost on their way', { files: demanded });
    for (const file of registry.all()) {
      if (file.segmenter === null && file.archived !== file.committed) void this.#queue.add(nameOf(file), 'bulk');
    }
  }

  /** What cannot be read right now, with the reason. */
  failures(paths: readonly string[] | null = null): { readonly path: string; readonly reason: string }[] {
    const blocked = [...this.#options.registry.all()]
      .filter((file) => file.state === 'blocked')
      .map((file) => ({ path: file.sourcePath, reason: file.blockedReason ?? 'unreadable' }));
    const known = new Set(blocked.map((failure) => failure.path));
    const others = this.skipped().filter((failure) => !known.has(failure.path));
    return [...blocked, ...others].filter((failure) => isBelow(failure.path, paths));
  }

  /** Paths among the transcripts that are no files that can be read (links, FIFOs, folders without permission). */
  skipped(): { readonly path: string; readonly reason: string }[] {
    return [...this.facts.skipped].map(([path, reason]) => ({ path, reason }));
  }

  /** Every transcript that is on disk now, without reading any. */
  scan(): Promise<readonly string[]> {
    return this.#surveyAll();
  }

  async #surveyAll(): Promise<readonly string[]> {
    const unwatchableBefore = this.#unwatchable;
    const survey = await this.#survey.everything(this.#stop.signal);
    this.#lastSurvey = survey;
    if (unwatchableBefore === this.#unwatchable) this.#unwatchable = 0;
    for (const root of survey.presentRoots) {
      // Without its description the archive is still whole, and the transcripts do not wait for it.
      await this.#options.describeRoot(root).catch((error: unknown) => {
        this.#archiveFailing = true;
        this.#report('a root could not be described in the archive', error);
      });
    }
    return survey.files;
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
    if (this.#paused) return 'unchanged';
    try {
      const outcome = await this.#follower.look(path, thorough);
      this.#archiveFailing = false;
      if (outcome === 'advanced' || outcome === 'unsettled') this.#hot.add(path);
      return outcome;
    } catch (error) {
      if (!isAbort(error)) this.#retryLater(path, error);
      return 'blocked';
    }
  }

  #retryLater(path: string, error: unknown): void {
    this.#report('a transcript could not be archived', error);
    this.#archiveFailing = true;
    const { clock } = this.#options;
    void clock.sleep(FAILED_AGAIN_MS, this.#stop.signal).then(() => void this.#queue.add(path, 'bulk'), ignoreAbort);
  }

  #pollHot(): void {
    const { clock } = this.#options;
    this.#lastBeat = clock.monotonic();
    const offset = clock.now() - clock.monotonic();
    const gap = Math.abs(offset - this.#clockOffset);
    this.#clockOffset = offset;
    if (gap > WAKE_GAP_MS) this.#reconcileSoon();
    if (clock.monotonic() - this.#lookedForLostAt >= LOOK_FOR_LOST_MS) this.#findLost();
    if (this.#paused) return;
    for (const file of this.#hot.files()) void this.#queue.add(file, 'live');
  }

  #reconcileSoon(): void {
    if (!this.#paused && this.#reconcilesUnderWay === 0) this.#reconcileInBackground();
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
