/**
 * Knows every generation of every transcript and how far it has come. Filled at the start from the archive (what is there)
 * and the store (what of it is committed); from then on told by the tailer and the store.
 */
import { AGENTS } from '../../../shared/exchange.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { layoutOf, relativePathOf, type SourceRoot } from './source-layout.ts';
import { committableEnd, demandHandOver, newTrackedFile, type TrackedFile } from './tracked-file.ts';

/** How generations are named in the archive. */
export interface ArchiveNaming {
  pathOf(name: {
    readonly agent: string;
    readonly rootKey: string;
    readonly generation: number;
    readonly relativePath: string;
  }): string;
  parse(archivePath: string): {
    readonly agent: string;
    readonly rootKey: string;
    readonly generation: number;
    readonly relativePath: string;
  } | null;
}

export interface StoredPosition {
  readonly archivePath: string;
  readonly sourcePath: string | null;
  readonly kind: 'lines' | 'blob';
  readonly committed: number;
}

export interface RegistryTotals {
  readonly files: number;
  readonly archivedBytes: number;
  readonly committableBytes: number;
  readonly committedBytes: number;
  readonly blockedFiles: number;
  /** Monotonic ms since when the oldest unsaved bytes wait; null: all is saved. */
  readonly unsavedSince: number | null;
  /** Wall clock of the last bytes that were archived. */
  readonly lastChangeAt: EpochMs | null;
}

export class TranscriptRegistry {
  readonly #naming: ArchiveNaming;
  readonly #roots: SourceRoot[];
  readonly #byArchivePath = new Map<string, TrackedFile>();
  readonly #bySourcePath = new Map<string, TrackedFile>();

  constructor(naming: ArchiveNaming, roots: readonly SourceRoot[]) {
    this.#naming = naming;
    this.#roots = [...roots];
  }

  get roots(): readonly SourceRoot[] {
    return this.#roots;
  }

  /** What the archive holds of it already goes on where it stopped. */
  addRoot(root: SourceRoot): void {
    if (this.#roots.some((known) => known.agent === root.agent && known.rootKey === root.rootKey)) return;
    this.#roots.push(root);
    for (const file of this.#byArchivePath.values()) {
      const name = file.root === null ? this.#naming.parse(file.archivePath) : null;
      if (name === null || name.agent !== root.agent || name.rootKey !== root.rootKey) continue;
      file.root = root;
      file.state = 'missing';
      if (file.sourcePath === file.archivePath) file.sourcePath = sourcePathIn(root, file.relativePath);
      this.#follow(file);
    }
  }

  /** Takes in what the archive holds and how much of it is committed. The newest generation of a path follows its source. */
  load(
    archived: Iterable<{ readonly archivePath: string; readonly sizeBytes: number }>,
    positions: readonly StoredPosition[],
  ): void {
    const stored = new Map(positions.map((position) => [position.archivePath, position]));
    for (const { archivePath, sizeBytes } of archived) {
      const position = stored.get(archivePath);
      const file = this.#restore(archivePath, position);
      if (file === null) continue;
      file.archived = sizeBytes;
      file.committed = position?.committed ?? 0;
      file.isDurable = file.committed >= sizeBytes;
      this.#byArchivePath.set(archivePath, file);
      this.#follow(file);
    }
  }

  /** Another store is in use: what counts as committed is what that one says. Everything else is to be handed over again. */
  adopt(positions: readonly Pick<StoredPosition, 'archivePath' | 'committed'>[]): void {
    const stored = new Map(positions.map((position) => [position.archivePath, position.committed]));
    for (const file of this.#byArchivePath.values()) {
      file.committed = stored.get(file.archivePath) ?? 0;
      file.unsavedSince = null;
      demandHandOver(file);
    }
  }

  all(): Iterable<TrackedFile> {
    return this.#byArchivePath.values();
  }

  get(archivePath: string): TrackedFile | undefined {
    return this.#byArchivePath.get(archivePath);
  }

  ofSource(sourcePath: string): TrackedFile | undefined {
    return this.#bySourcePath.get(sourcePath);
  }

  /** The file to follow for a source path, made when it is new; null when the path is none of ours. */
  track(sourcePath: string): TrackedFile | null {
    const known = this.#bySourcePath.get(sourcePath);
    if (known !== undefined) return known;
    for (const root of this.#roots) {
      const relativePath = relativePathOf(root, sourcePath);
      const kind = relativePath === null ? null : layoutOf(root.agent).kindOf(relativePath);
      if (relativePath === null || kind === null) continue;
      return this.#add(root, relativePath, kind, sourcePath, 1);
    }
    return null;
  }

  /** A new generation for a source that is no longer what was archived of it. */
  nextGeneration(past: TrackedFile): TrackedFile {
    past.state = 'past';
    const root = past.root ?? this.#roots[0];
    if (root === undefined) return past;
    // Named after the source as it is called now: it may have been renamed since its first generation.
    const relativePath = relativePathOf(root, past.sourcePath) ?? past.relativePath;
    const next = this.#add(root, relativePath, past.kind, past.sourcePath, past.generation + 1);
    next.unsettledSince = past.unsettledSince;
    return next;
  }

  /** The source has got another name: the same generation follows it there. */
  rename(file: TrackedFile, sourcePath: string): void {
    const taken = this.#bySourcePath.get(sourcePath);
    if (taken !== undefined && taken !== file && taken.archived === 0) this.#byArchivePath.delete(taken.archivePath);
    if (this.#bySourcePath.get(file.sourcePath) === file) this.#bySourcePath.delete(file.sourcePath);
    file.sourcePath = sourcePath;
    file.mark = null;
    this.#bySourcePath.set(sourcePath, file);
  }

  totals(): RegistryTotals {
    let totals = { files: 0, archivedBytes: 0, committableBytes: 0, committedBytes: 0, blockedFiles: 0 };
    let unsavedSince: number | null = null;
    let lastChangeAt: EpochMs | null = null;
    for (const file of this.#byArchivePath.values()) {
      const committable = committableEnd(file);
      totals = {
        files: totals.files + (isTranscript(file) ? 1 : 0),
        archivedBytes: totals.archivedBytes + file.archived,
        committableBytes: totals.committableBytes + committable,
        committedBytes: totals.committedBytes + Math.min(file.committed, committable),
        blockedFiles: totals.blockedFiles + (file.state === 'blocked' ? 1 : 0),
      };
      if (file.lastChangeAt !== null) lastChangeAt = Math.max(lastChangeAt ?? 0, file.lastChangeAt);
      if (file.unsavedSince !== null) unsavedSince = Math.min(unsavedSince ?? Infinity, file.unsavedSince);
    }
    return { ...totals, unsavedSince, lastChangeAt };
  }

  #restore(archivePath: string, position: StoredPosition | undefined): TrackedFile | null {
    const name = this.#naming.parse(archivePath);
    if (name === null) return null;
    const root =
      this.#roots.find((candidate) => candidate.agent === name.agent && candidate.rootKey === name.rootKey) ?? null;
    // The agent alone says what a file is: a database that is made anew knows nothing of roots that are not configured.
    const agent = AGENTS.find((known) => known === name.agent);
    const kind = agent === undefined ? null : layoutOf(agent).kindOf(name.relativePath);
    return newTrackedFile({
      archivePath,
      kind: kind ?? position?.kind ?? 'lines',
      root,
      relativePath: name.relativePath,
      generation: name.generation,
      sourcePath: position?.sourcePath ?? (root === null ? archivePath : sourcePathIn(root, name.relativePath)),
      state: root === null ? 'past' : 'missing',
    });
  }

  /** Lets the newest generation of a source be the one that follows it. */
  #follow(file: TrackedFile): void {
    if (file.root === null) return;
    const other = this.#bySourcePath.get(file.sourcePath);
    if (other === undefined) {
      this.#bySourcePath.set(file.sourcePath, file);
      return;
    }
    const [older, newer] = other.generation > file.generation ? [file, other] : [other, file];
    older.state = 'past';
    this.#bySourcePath.set(newer.sourcePath, newer);
  }

  #add(
    root: SourceRoot,
    relativePath: string,
    kind: TrackedFile['kind'],
    sourcePath: string,
    generation: number,
  ): TrackedFile {
    const archivePath = this.#naming.pathOf({ agent: root.agent, rootKey: root.rootKey, generation, relativePath });
    const existing = this.#byArchivePath.get(archivePath);
    // A renamed file's old name is taken by a new file: its archive path is in use, so the next number is taken.
    if (existing !== undefined) return this.#add(root, relativePath, kind, sourcePath, generation + 1);
    const file = newTrackedFile({ archivePath, kind, root, relativePath, generation, sourcePath, state: 'missing' });
    this.#byArchivePath.set(archivePath, file);
    this.#bySourcePath.set(sourcePath, file);
    return file;
  }
}

/** A name that was only heard of, in an event of a file that was gone before anybody looked, is no transcript. */
function isTranscript(file: TrackedFile): boolean {
  return file.state !== 'past' && (file.state !== 'missing' || file.archived > 0);
}

function sourcePathIn(root: SourceRoot, relativePath: string): string {
  const separator = root.directory.includes('\\') && !root.directory.includes('/') ? '\\' : '/';
  return [root.directory, ...relativePath.split('/')].join(separator);
}
