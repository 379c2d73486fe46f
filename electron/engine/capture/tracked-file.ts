import type { EpochMs } from '../../../shared/time.ts';
import type { Segmenter } from './segmenter.ts';
import type { SourceKind, SourceRoot } from './source-layout.ts';

/** What a stat said when the file was last found complete. The same again: nothing to do. */
export interface FileMark {
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  /** Changes also when somebody sets the modification time back. */
  readonly ctimeNs: bigint;
  readonly inode: bigint;
}

/**
 * - `live`: the source is there and this generation follows it.
 * - `missing`: the source is gone; what was archived stays.
 * - `blocked`: the source cannot be read right now; `blockedReason` says why.
 * - `past`: an earlier generation, or a file of a root that is no longer configured: only what is archived counts.
 */
export type TrackedState = 'live' | 'missing' | 'blocked' | 'past';

/** One generation of one transcript and how far it has come. Positions are byte offsets. */
export interface TrackedFile {
  readonly archivePath: string;
  readonly kind: SourceKind;
  /** Null: of a root that is not known in this run. */
  root: SourceRoot | null;
  readonly relativePath: string;
  readonly generation: number;
  sourcePath: string;
  state: TrackedState;
  blockedReason: string | null;
  /** Held by the archive; durable, with {@link isDurable}. */
  archived: number;
  /** False: an earlier run archived it, and may have ended before its sync. Nothing of it is handed over before that is made up for. */
  isDurable: boolean;
  /** Where what a power cut has left as holes begins: it is copied again from here. Null: none. */
  holesFrom: number | null;
  /**
   * Its position is the end of what was handed to the queue; what is archived beyond it is handed over when there is room.
   * Null: must be handed over again from the committed position.
   */
  segmenter: Segmenter | null;
  /** Committed in SQLite. */
  committed: number;
  /** End of the last tail that was handed over. */
  tailQueued: number;
  mark: FileMark | null;
  /** Of the source when it was read last; a hint that finds it again under another name, never an identity. */
  inode: bigint | null;
  /** Monotonic ms at which bytes were first seen that are not committed yet; null: all is committed. */
  unsavedSince: number | null;
  /** Monotonic ms since when a document waits to be archived because it keeps changing; null: it does not. */
  unsettledSince: number | null;
  /** Wall clock of the last change that was seen. */
  lastChangeAt: EpochMs | null;
}

export function newTrackedFile(
  identity: Pick<TrackedFile, 'archivePath' | 'kind' | 'root' | 'relativePath' | 'generation' | 'sourcePath' | 'state'>,
): TrackedFile {
  return {
    ...identity,
    blockedReason: null,
    archived: 0,
    isDurable: true,
    holesFrom: null,
    segmenter: null,
    committed: 0,
    tailQueued: 0,
    mark: null,
    inode: null,
    unsavedSince: null,
    unsettledSince: null,
    lastChangeAt: null,
  };
}

/** What is archived and not committed must be handed to the queue again. Whoever is doing that notices, and begins anew. */
export function demandHandOver(file: TrackedFile): void {
  file.segmenter = null;
}

/** Something that is archived was not handed to the queue yet. */
export function isBehind(file: TrackedFile): boolean {
  if (file.segmenter === null) return file.archived !== file.committed;
  return file.segmenter.position < file.archived;
}

/** End of the bytes that will be committed without anything more being written: an unfinished last line is not among them. */
export function committableEnd(file: TrackedFile): number {
  return file.kind !== 'lines' || isBehind(file) ? file.archived : handedOverEnd(file);
}

/** End of the bytes that the queue got and the store is to commit. */
export function handedOverEnd(file: TrackedFile): number {
  if (file.segmenter === null) return file.committed;
  return file.kind === 'lines' ? file.segmenter.start : file.segmenter.position;
}
