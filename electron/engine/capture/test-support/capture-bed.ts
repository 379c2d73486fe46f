/** A place for one test of the capture: real folders, a real archive, and a store that checks what it is handed. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Segment } from '../../../../shared/segment.ts';
import { archivePathOf, parseArchivePath } from '../../archive/archive-path.ts';
import { Archive } from '../../archive/archive.ts';
import { systemClock, type Clock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { Capturer, type CapturerOptions } from '../capturer.ts';
import type { SourceRoot } from '../source-layout.ts';
import type { TrackedFile } from '../tracked-file.ts';
import { TranscriptRegistry } from '../transcript-registry.ts';
import type { SegmentOutlet } from '../segment-feed.ts';
import { TranscriptTailer, type FollowOutcome } from '../transcript-tailer.ts';

export const PROJECT = '-home-ana-work';

/** Takes segments as the queue does; nothing of them counts until the test commits it. */
export class HeldSegments implements SegmentOutlet {
  readonly segments: Segment[] = [];
  /** What appends reject with when there is something to append; null: they succeed. */
  failure: Error | null = null;
  /** An append takes as long as this. */
  beforeAppend: () => Promise<void> = () => Promise.resolve();
  /** How many more appends it takes before it is full. */
  most = Infinity;

  get takes(): boolean {
    return this.most > 0;
  }

  async append(segments: readonly Segment[]): Promise<boolean> {
    if (segments.length === 0) return true;
    if (this.failure !== null) throw this.failure;
    await this.beforeAppend();
    this.most -= 1;
    this.segments.push(...segments);
    return true;
  }

  async room(signal: AbortSignal): Promise<void> {
    while (!this.takes) await sleep(1, undefined, { signal });
  }
}

export class CaptureBed implements AsyncDisposable {
  readonly directory: string;
  readonly archive: Archive;
  readonly outlet = new HeldSegments();
  readonly #clock: Clock;
  readonly #positions = new Map<string, number>();
  readonly #lines = new Map<string, string[]>();
  readonly #capturers: Capturer[] = [];
  registry: TranscriptRegistry;
  tailer: TranscriptTailer;

  private constructor(directory: string, clock: Clock) {
    this.directory = directory;
    this.#clock = clock;
    this.archive = new Archive(this.archiveDirectory);
    this.registry = this.#newRegistry([this.root]);
    this.tailer = this.#newTailer();
  }

  static async create(clock: Clock = systemClock): Promise<CaptureBed> {
    const bed = new CaptureBed(await mkdtemp(path.join(os.tmpdir(), 'holdfast-capture-test-')), clock);
    await bed.archive.open();
    return bed;
  }

  get archiveDirectory(): string {
    return path.join(this.directory, 'archive');
  }

  get root(): SourceRoot {
    return { agent: 'claude-code', directory: path.join(this.directory, 'claude'), rootKey: 'claude-1' };
  }

  get projects(): string {
    return path.join(this.root.directory, 'projects');
  }

  /** Path of a transcript; its folder is not made. */
  session(name: string, project = PROJECT): string {
    return path.join(this.projects, project, `${name}.jsonl`);
  }

  /** The generation that follows a source now. */
  tracked(sourcePath: string): TrackedFile {
    const file = this.registry.track(sourcePath);
    if (file === null) throw new Error(`not recorded: ${sourcePath}`);
    return file;
  }

  /** One look of the tailer, without its surroundings. */
  follow(sourcePath: string, thorough = false): Promise<FollowOutcome> {
    return this.tailer.follow(this.tracked(sourcePath), thorough);
  }

  async archivedText(archivePath: string): Promise<string> {
    const bytes = await this.archive.read(archivePath, 0, await this.archive.sizeOf(archivePath));
    return bytes.toString('utf8');
  }

  /** Every generation in the archive with its content. */
  async archived(): Promise<Readonly<Record<string, string>>> {
    const found: Record<string, string> = {};
    for await (const { archivePath } of this.archive.list()) {
      found[archivePath.split('/').slice(2).join('/')] = await this.archivedText(archivePath);
    }
    return found;
  }

  /** Saves what was handed over, as the store does: whole lines in their order, each once, a hash that is wrong refused. */
  async commit(): Promise<void> {
    for (const segment of this.outlet.segments.splice(0)) await this.#save(segment);
  }

  /** The lines that are saved of a generation; the tail that was handed over last is marked with a `~`. */
  savedLines(archivePath: string): readonly string[] {
    return this.#lines.get(archivePath) ?? [];
  }

  /** What a new run of the program knows: the archive's files and the committed positions. Nothing else survives. */
  async restart(roots: readonly SourceRoot[] = [this.root]): Promise<void> {
    this.outlet.segments.length = 0;
    this.registry = this.#newRegistry(roots);
    this.tailer = this.#newTailer();
    await this.#load();
  }

  capturer(options: Partial<CapturerOptions> = {}): Capturer {
    const capturer = new Capturer({
      registry: this.registry,
      tailer: this.tailer,
      clock: this.#clock,
      logger: silentLogger,
      platform: process.platform,
      describeRoot: (root) => this.archive.describeRoot(root.rootKey, { agent: root.agent, root: root.directory }),
      watches: true,
      hotPollMs: 3_600_000,
      reconcileMs: 3_600_000,
      room: (signal) => this.outlet.room(signal),
      queueMoves: () => true,
      onArchiveError: () => undefined,
      ...options,
    });
    this.#capturers.push(capturer);
    return capturer;
  }

  /** A capturer that runs and has looked at everything once. */
  async running(options: Partial<CapturerOptions> = {}): Promise<Capturer> {
    const capturer = this.capturer(options);
    await capturer.start(new AbortController().signal);
    await capturer.reconcile({ thorough: false });
    return capturer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const capturer of this.#capturers) await capturer.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #save(segment: Segment): Promise<void> {
    const { archivePath, kind, start, end } = segment;
    const committed = this.#positions.get(archivePath) ?? 0;
    if (kind !== 'tail' && end <= committed) return;
    if (start > committed) throw new Error(`gap before ${start} of ${archivePath}: committed to ${committed}`);
    const bytes = await this.archive.read(archivePath, start, end);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== segment.sha256) throw new Error(`wrong hash of ${start} to ${end} of ${archivePath}`);
    const lines = this.#lines.get(archivePath) ?? [];
    this.#lines.set(archivePath, lines);
    if (lines.at(-1)?.startsWith('~') === true) lines.pop();
    if (kind === 'tail') {
      lines.push(`~${bytes.toString('utf8')}`);
      return;
    }
    if (kind === 'lines')
      lines.push(
        ...bytes
          .subarray(committed - start)
          .toString('utf8')
          .split('\n')
          .slice(0, -1),
      );
    else lines.splice(0, lines.length, bytes.toString('utf8'));
    this.#positions.set(archivePath, end);
    const file = this.registry.get(archivePath);
    if (file !== undefined) file.committed = end;
  }

  async #load(): Promise<void> {
    const archived: { archivePath: string; sizeBytes: number }[] = [];
    for await (const file of this.archive.list()) archived.push(file);
    this.registry.load(
      archived,
      [...this.#positions].map(([archivePath, committed]) => ({
        archivePath,
        committed,
        sourcePath: null,
        kind: 'lines',
      })),
    );
  }

  #newRegistry(roots: readonly SourceRoot[]): TranscriptRegistry {
    return new TranscriptRegistry({ pathOf: archivePathOf, parse: parseArchivePath }, roots);
  }

  #newTailer(): TranscriptTailer {
    return new TranscriptTailer({ archive: this.archive, outlet: this.outlet, clock: this.#clock });
  }
}
