/**
 * Keeps the archive up to date with every transcript. Three layers: events of folders (fast, may be lost), a poll of
 * recently touched files (catches appends through handles that stay open), a reconcile of everything (correct). Each of
 * them only says "look at this path"; looking is the tailer's.
 */
import { lstat } from 'node:fs/promises';
import type { EpochMs } from '../../../shared/time.ts';
import type { Clock } from '../core/clock.ts';
import { describeError, isAbort, systemErrorCode } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Service } from '../core/service.ts';
import { DirectoryWatcher } from './directory-watcher.ts';
import { FollowQueue } from './follow-queue.ts';
import { HotFiles } from './hot-files.ts';
import { SourceScanner } from './source-scanner.ts';
import type { SourceRoot } from './source-layout.ts';
import type { TrackedFile } from './tracked-file.ts';
import type { TranscriptRegistry } from './transcript-registry.ts';
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
}

export interface ReconcileResult {
  readonly files: number;
  readonly advanced: number;
  readonly unchanged: number;
  readonly failures: readonly { readonly path: string; readonly reason: string }[];
}

export interface CaptureFacts {
  readonly watchedDirectories: number;
  readonly hotFiles: number;
  readonly mode: 'events' | 'polling';
  readonly lastBeatAt: EpochMs | null;
  readonly lastEventAt: EpochMs | null;
  readonly lastReconcileAt: EpochMs | null;
  readonly missingRoots: readonly string[];
  /** Paths among the transcripts that are no files that can be read, with the reason. */
  readonly skipped: ReadonlyMap<string, string>;
  /** The archive refused the last write. */
  readonly archiveFailing: boolean;
}

/** The wall clock and the monotonic one drift apart by this much: the machine slept, or the clock was set. */
const WAKE_GAP_MS = 5000;
const FAILED_AGAIN_MS = 5000;

export class Capturer implements Service {
  readonly name = 'capture';
  readonly #options: CapturerOptions;
  readonly #watcher: DirectoryWatcher;
  readonly #scanner: SourceScanner;
  readonly #queue: FollowQueue;
  readonly #hot: HotFiles;
  readonly #skipped = new Map<string, string>();
  readonly #timers: Disposable[] = [];
  #stop = new AbortController();
  #paused = false;
  #reconciling: Promise<ReconcileResult> | null = null;
  #seenDirectories = new Set<string>();
  #seenFiles = new Set<string>();
  #missingRoots: string[] = [];
  #unwatchable = 0;
  #lastBeatAt: EpochMs | null = null;
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
    this.#scanner = new SourceScanner({
      directory: (directory) => {
        this.#seenDirectories.add(directory);
        if (options.watches) this.#watcher.watch(directory);
      },
      file: (file) => this.#seenFiles.add(file),
      skipped: (path, reason) => this.#skipped.set(path, reason),
    });
    this.#queue = new FollowQueue((request) => this.#look(request));
    this.#hot = new HotFiles(options.clock);
  }

  get facts(): CaptureFacts {
    return {
      watchedDirectories: this.#watcher.size,
      hotFiles: this.#hot.size,
      mode: this.#unwatchable > 0 ? 'polling' : 'events',
      lastBeatAt: this.#lastBeatAt,
      lastEventAt: this.#lastEventAt,
      lastReconcileAt: this.#lastReconcileAt,
      missingRoots: this.#missingRoots,
      skipped: this.#skipped,
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
    if (resumes && this.#options.watches) this.#reconcileSoon();
  }

  /** Resolves when the watches stand; the first reconcile goes on in the background. */
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
    await this.#reconciling?.catch(ignoreAbort);
  }

  /** Something happened at this path. */
  touch(changedPath: string): void {
    if (this.#paused) return;
    if (this.#options.registry.track(changedPath) !== null) {
      this.#hot.add(changedPath);
      void this.#queue.add(changedPath, 'live');
    } else if (this.#isFolderOfOurs(changedPath)) {
      void this.#scanFolder(changedPath).catch((error: unknown) => this.#report('scanning a folder failed', error));
    }
  }

  /** Queues a file, or all of them (null), again from the committed position. */
  requeue(archivePath: string | null): void {
    const { registry } = this.#options;
    const file = archivePath === null ? undefined : registry.get(archivePath);
    const files = archivePath === null ? [...registry.all()] : file === undefined ? [] : [file];
    for (const tracked of files) {
      if (archivePath === null && tracked.segmenter === null) continue;
      tracked.segmenter = null;
    }
    void this.#queueLeftOver(files).catch((error: unknown) => this.#report('queueing again failed', error));
  }

  /** Hands over everything that is archived and not committed, of sources that are gone as well. */
  async #queueLeftOver(files: readonly TrackedFile[]): Promise<void> {
    const left = files.filter((file) => file.segmenter === null && file.archived !== file.committed);
    await Promise.all(
      left.map((file) => this.#queue.add(file.state === 'past' ? file.archivePath : file.sourcePath, 'bulk')),
    );
  }

  /**
   * Looks at every transcript there is, and at every one that was known.
   * @param options.thorough compares every archived byte with the source
   */
  async reconcile(options: {
    readonly thorough: boolean;
    readonly paths?: readonly string[];
  }): Promise<ReconcileResult> {
    await this.#reconciling?.catch(ignoreAbort);
    const run = this.#reconcileNow(options.thorough, options.paths ?? null);
    this.#reconciling = run;
    try {
      return await run;
    } finally {
      this.#reconciling = null;
    }
  }

  async #reconcileNow(thorough: boolean, paths: readonly string[] | null): Promise<ReconcileResult> {
    const { registry, clock } = this.#options;
    const files = await this.#scanAll();
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

  /** What cannot be read right now, with the reason. */
  failures(paths: readonly string[] | null = null): { readonly path: string; readonly reason: string }[] {
    const blocked = [...this.#options.registry.all()]
      .filter((file) => file.state === 'blocked')
      .map((file) => ({ path: file.sourcePath, reason: file.blockedReason ?? 'unreadable' }));
    return [...blocked, ...this.skipped()].filter((failure) => isBelow(failure.path, paths));
  }

  /** Paths among the transcripts that are no files that can be read (links, FIFOs, folders without permission). */
  skipped(): { readonly path: string; readonly reason: string }[] {
    return [...this.#skipped].map(([path, reason]) => ({ path, reason }));
  }

  /** Every transcript that is on disk now, without reading any. */
  async scan(): Promise<readonly string[]> {
    await this.#reconciling?.catch(ignoreAbort);
    return await this.#scanAll();
  }

  async #scanAll(): Promise<readonly string[]> {
    this.#seenDirectories = new Set();
    this.#seenFiles = new Set();
    this.#skipped.clear();
    const unwatchableBefore = this.#unwatchable;
    const missing: string[] = [];
    for (const root of this.#options.registry.roots) {
      if (!(await this.#scanner.scanRoot(root, this.#stop.signal))) missing.push(root.directory);
      else await this.#options.describeRoot(root);
    }
    this.#missingRoots = missing;
    if (unwatchableBefore === this.#unwatchable) this.#unwatchable = 0;
    this.#watcher.keepOnly(this.#seenDirectories);
    return [...this.#seenFiles].filter((file) => this.#options.registry.track(file) !== null);
  }

  async #scanFolder(directory: string): Promise<void> {
    const root = this.#rootOf(directory);
    if (root === null || !(await isDirectory(directory))) return;
    this.#seenFiles = new Set();
    await this.#scanner.scanDirectory(root, directory, this.#stop.signal);
    for (const file of [...this.#seenFiles]) if (file.startsWith(directory)) this.touch(file);
  }

  /** One look at one path; the tailer does the work. Serial per path, several paths at a time. */
  async #look(request: { readonly path: string; readonly thorough: boolean }): Promise<FollowOutcome> {
    const { registry, tailer } = this.#options;
    const archivedOnly = registry.get(request.path);
    const file = archivedOnly ?? registry.track(request.path);
    this.#lastBeatAt = this.#options.clock.now();
    if (file === null || this.#paused) return 'unchanged';
    try {
      if (archivedOnly !== undefined) {
        if (file.segmenter === null) await tailer.requeue(file);
        return 'unchanged';
      }
      if (file.mark === null && file.archived === 0 && file.generation === 1) await this.#adoptRenamed(file);
      const followed = registry.ofSource(request.path) ?? file;
      const outcome = await tailer.follow(followed, request.thorough);
      this.#archiveFailing = false;
      if (outcome === 'advanced') this.#hot.add(followed.sourcePath);
      return outcome === 'replaced' ? await this.#replace(followed) : outcome;
    } catch (error) {
      if (!isAbort(error)) this.#retryLater(request.path, error);
      return 'blocked';
    }
  }

  async #replace(past: TrackedFile): Promise<FollowOutcome> {
    const { registry, tailer, logger } = this.#options;
    if (past.segmenter === null) await tailer.requeue(past);
    const next = registry.nextGeneration(past);
    logger.info('a transcript was replaced', { path: past.archivePath, generation: next.generation });
    const outcome = await tailer.follow(next, false);
    return outcome === 'replaced' ? 'blocked' : outcome;
  }

  /** A new name may be a file that is known under a name which is gone: then its generation goes on under the new one. */
  async #adoptRenamed(fresh: TrackedFile): Promise<void> {
    const { registry } = this.#options;
    const stats = await lstat(fresh.sourcePath, { bigint: true }).catch(nullIfSystemError);
    if (stats === null) return;
    for (const known of registry.all()) {
      if (known === fresh || known.mark === null || known.mark.inode !== stats.ino || known.state === 'past') continue;
      if (known.archived === 0 || (await lstat(known.sourcePath).catch(nullIfSystemError)) !== null) continue;
      registry.rename(known, fresh.sourcePath);
      return;
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
    this.#lastBeatAt = clock.now();
    const offset = clock.now() - clock.monotonic();
    const gap = Math.abs(offset - this.#clockOffset);
    this.#clockOffset = offset;
    if (gap > WAKE_GAP_MS) this.#reconcileSoon();
    if (this.#paused) return;
    for (const file of this.#hot.files()) void this.#queue.add(file, 'live');
  }

  #reconcileSoon(): void {
    if (this.#paused || this.#reconciling !== null) return;
    void this.reconcile({ thorough: false }).catch((error: unknown) => this.#report('the reconcile failed', error));
  }

  #isFolderOfOurs(candidate: string): boolean {
    return this.#rootOf(candidate) !== null;
  }

  #rootOf(candidate: string): SourceRoot | null {
    return this.#options.registry.roots.find((root) => isBelow(candidate, [root.directory])) ?? null;
  }

  #report(message: string, error: unknown): void {
    if (!isAbort(error)) this.#options.logger.warn(message, { error: describeError(error) });
  }
}

function isBelow(file: string, folders: readonly string[] | null): boolean {
  return (
    folders === null ||
    folders.some(
      (folder) =>
        file === folder || file.startsWith(`${folder.replace(/[/\\]+$/, '')}/`) || file.startsWith(`${folder}\\`),
    )
  );
}

async function isDirectory(candidate: string): Promise<boolean> {
  return (await lstat(candidate).catch(nullIfSystemError))?.isDirectory() ?? false;
}

/** Not there, or not for us: both mean "no" here. Anything else is a bug and goes on. */
function nullIfSystemError(error: unknown): null {
  if (systemErrorCode(error) === null) throw error;
  return null;
}

function ignoreAbort(error: unknown): void {
  if (!isAbort(error)) throw error;
}
