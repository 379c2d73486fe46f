/**
 * Brings one transcript up to date. In: a tracked file. Out: its new bytes in the archive, durable; then its new segments
 * in the queue. Recognises truncation and replacement by comparing the source with the archive, and says so instead of
 * guessing; never parses. Memory is one chunk, whatever the file.
 */
import type { BigIntStats } from 'node:fs';
import { lstat, type FileHandle } from 'node:fs/promises';
import type { Segment } from '../../../shared/segment.ts';
import type { Clock } from '../core/clock.ts';
import { EngineError, systemErrorCode } from '../core/errors.ts';
import { failpoint } from '../core/failpoint.ts';
import { Segmenter } from './segmenter.ts';
import { DOCUMENT_QUIET_MS, isSettled } from './document-settling.ts';
import type { ArchiveAppender, ArchiveSink } from './archive-sink.ts';
import { continues, isSame } from './source-comparison.ts';
import { openSource, readFully, isSourceError } from './source-file.ts';
import { demandHandOver, type FileMark, type TrackedFile } from './tracked-file.ts';

/** Where segments go. Resolves when there is room for more. */
export interface SegmentOutlet {
  append(segments: readonly Segment[]): Promise<void>;
}

/**
 * - `unchanged`, `advanced`: the archive holds all of the source.
 * - `replaced`: the source is no longer what was archived; follow a new generation from its start.
 * - `missing`: the source is gone; everything archived was handed over.
 * - `blocked`: the source cannot be read now; `file.blockedReason` says why.
 * - `unsettled`: a document that is being written; look again soon.
 */
export type FollowOutcome = 'unchanged' | 'advanced' | 'replaced' | 'missing' | 'blocked' | 'unsettled';

export interface TranscriptTailerOptions {
  readonly archive: ArchiveSink;
  readonly outlet: SegmentOutlet;
  readonly clock: Clock;
  /** A document is archived when it has not been written for this long, in ms; 0 for a command, which looks only once. */
  readonly documentQuietMs?: number;
}

const CHUNK_BYTES = 1024 * 1024;
/** Large copies are made durable in steps, so that the queue is fed while the rest is copied. */
const SYNC_BYTES = 8 * 1024 * 1024;
/** A last line without a newline is looked at when the file has been quiet for this long. */
const TAIL_QUIET_MS = 60_000;
/** Most files grow by a few kilobytes: their copies do not need a buffer for a whole chunk. */
const LEAST_BUFFER_BYTES = 64 * 1024;

export class TranscriptTailer {
  readonly #options: TranscriptTailerOptions;
  readonly #turns = new WeakMap<TrackedFile, Promise<unknown>>();

  constructor(options: TranscriptTailerOptions) {
    this.#options = options;
  }

  /** @param thorough compare every archived byte with the source, not only its head and its end */
  follow(file: TrackedFile, thorough: boolean): Promise<FollowOutcome> {
    return this.#inTurn(file, () => this.#follow(file, thorough));
  }

  /** Hands over what is archived and not committed of a generation that nothing is added to any more. */
  finish(file: TrackedFile): Promise<void> {
    return this.#inTurn(file, async () => {
      if (file.segmenter === null) await this.#handOver(file);
      await this.#handOverTail(file, null);
    });
  }

  /** True if a source of that name begins with what was archived of the file: it is the same one under another name. */
  continuesAs(file: TrackedFile, sourcePath: string): Promise<boolean> {
    return this.#inTurn(file, async () => {
      let source: FileHandle;
      try {
        source = await openSource(sourcePath);
      } catch (error) {
        if (systemErrorCode(error) === null) throw error;
        return false;
      }
      try {
        const stats = await source.stat();
        return (
          stats.isFile() &&
          (await continues(this.#options.archive, file, source, { sizeBytes: stats.size, thorough: false }))
        );
      } finally {
        await source.close();
      }
    });
  }

  /** A file may be asked for by its old and its new name at the same time. */
  #inTurn<T>(file: TrackedFile, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(file) ?? Promise.resolve()).then(work, work);
    this.#turns.set(file, turn);
    return turn;
  }

  async #follow(file: TrackedFile, thorough: boolean): Promise<FollowOutcome> {
    let stats: BigIntStats;
    try {
      stats = await lstat(file.sourcePath, { bigint: true });
    } catch (error) {
      return await this.#withoutSource(file, error);
    }
    if (!stats.isFile()) return await this.#block(file, 'not a regular file');
    if (!thorough && file.segmenter !== null && file.state === 'live' && sameMark(file.mark, stats)) {
      await this.#handOverTail(file, stats);
      return 'unchanged';
    }
    let source: FileHandle;
    try {
      source = await openSource(file.sourcePath);
    } catch (error) {
      return await this.#withoutSource(file, error);
    }
    try {
      return await this.#followOpen(file, source, thorough);
    } catch (error) {
      if (isSourceError(error)) return await this.#block(file, systemErrorCode(error) ?? 'unreadable');
      throw error;
    } finally {
      await source.close();
    }
  }

  /** Hands over everything from the committed position on, whether or not the source is there. */
  async #handOver(file: TrackedFile): Promise<void> {
    for (;;) {
      const { demands } = file;
      // Committed past the archive: the archive was damaged, so everything it has is read again.
      const from = file.kind !== 'lines' || file.committed > file.archived ? 0 : file.committed;
      const segmenter = new Segmenter(file.archivePath, file.kind, from);
      const segments = await this.#segmentsOf(file, segmenter);
      // Demanded once more meanwhile: the committed position may be another one now.
      if (file.demands !== demands) continue;
      file.segmenter = segmenter;
      file.tailQueued = 0;
      file.unsavedSince = segments.length === 0 ? null : (file.unsavedSince ?? this.#options.clock.monotonic());
      await this.#append(file, segments);
      return;
    }
  }

  async #segmentsOf(file: TrackedFile, segmenter: Segmenter): Promise<Segment[]> {
    const segments: Segment[] = [];
    for (let at = segmenter.position; at < file.archived;) {
      const end = Math.min(at + CHUNK_BYTES, file.archived);
      const segment = segmenter.push(await this.#options.archive.read(file.archivePath, at, end));
      if (segment !== null) segments.push(segment);
      at = end;
    }
    if (file.kind !== 'lines' && file.committed < file.archived) addRest(segments, segmenter, 'blob');
    return segments;
  }

  async #append(file: TrackedFile, segments: readonly Segment[]): Promise<void> {
    try {
      await this.#options.outlet.append(segments);
    } catch (error) {
      // How many of them the queue has is not known: all of them are handed over again.
      file.segmenter = null;
      throw error;
    }
  }

  async #withoutSource(file: TrackedFile, error: unknown): Promise<FollowOutcome> {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return await this.#block(file, code ?? 'unreadable');
    file.state = 'missing';
    file.blockedReason = null;
    file.mark = null;
    if (file.segmenter === null) await this.#handOver(file);
    await this.#handOverTail(file, null);
    return 'missing';
  }

  /** What was archived of it before is saved all the same. */
  async #block(file: TrackedFile, reason: string): Promise<'blocked'> {
    file.state = 'blocked';
    file.blockedReason = reason;
    file.mark = null;
    if (file.segmenter === null) await this.#handOver(file);
    return 'blocked';
  }

  async #followOpen(file: TrackedFile, source: FileHandle, thorough: boolean): Promise<FollowOutcome> {
    const stats = await source.stat({ bigint: true });
    if (!stats.isFile()) return await this.#block(file, 'not a regular file');
    const sizeBytes = Number(stats.size);
    const isFirst = file.mark === null && file.archived === 0;
    if (file.kind === 'document' && !thorough && !sameMark(file.mark, stats)) {
      const { clock, documentQuietMs = DOCUMENT_QUIET_MS } = this.#options;
      if (!isSettled(file, Number(stats.mtimeMs), clock, documentQuietMs)) return 'unsettled';
    }
    // The middle of a document may be another one while its head and its end are the same.
    if (!(await this.#isContinued(file, source, sizeBytes, thorough || file.kind === 'document'))) return 'replaced';
    if (file.segmenter === null) await this.#handOver(file);
    const before = file.archived;
    if (isFirst || sizeBytes > before) {
      if ((await this.#copy(file, source, sizeBytes)) === 'replaced') return 'replaced';
      // Demanded while it was copied: the segments of the rest were not made.
      if (file.segmenter === null) await this.#handOver(file);
    }
    file.state = 'live';
    file.blockedReason = null;
    file.unsettledSince = null;
    file.inode = stats.ino;
    file.mark = { sizeBytes, mtimeNs: stats.mtimeNs, ctimeNs: stats.ctimeNs, inode: stats.ino };
    await this.#handOverTail(file, stats);
    return file.archived > before || isFirst ? 'advanced' : 'unchanged';
  }

  async #isContinued(file: TrackedFile, source: FileHandle, sizeBytes: number, thorough: boolean): Promise<boolean> {
    try {
      return await continues(this.#options.archive, file, source, { sizeBytes, thorough });
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'ARCHIVE_MISMATCH') throw error;
      // Somebody has cut the archived file: what is missing is copied from the source again.
      file.archived = 0;
      demandHandOver(file);
      return true;
    }
  }

  /** Copies from the end of the archive to the end of the source: archive first, then durable, then the queue. */
  async #copy(file: TrackedFile, source: FileHandle, sizeBytes: number): Promise<'copied' | 'replaced'> {
    const writer = await this.#options.archive.openWriter(file.archivePath);
    try {
      if (writer.position !== file.archived && !(await this.#adopt(file, source, writer.position))) return 'replaced';
      const expected = Math.max(LEAST_BUFFER_BYTES, sizeBytes - writer.position);
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, expected));
      const segments: Segment[] = [];
      let unsynced = 0;
      for (;;) {
        const read = await readFully(source, buffer, writer.position);
        if (read === 0) break;
        failpoint('after-read');
        const chunk = buffer.subarray(0, read);
        await writer.append(chunk);
        const segment = file.segmenter?.push(chunk) ?? null;
        if (segment !== null) segments.push(segment);
        unsynced += read;
        if (unsynced >= SYNC_BYTES) {
          await this.#makeDurable(file, writer, segments);
          unsynced = 0;
        }
      }
      if (file.kind !== 'lines' && file.segmenter !== null) addRest(segments, file.segmenter, 'blob');
      await this.#makeDurable(file, writer, segments);
      return 'copied';
    } catch (error) {
      // Where the archive really ends is found out next time; until then nothing of this attempt counts.
      file.segmenter = null;
      throw error;
    } finally {
      await writer.close();
    }
  }

  async #makeDurable(file: TrackedFile, writer: ArchiveAppender, segments: Segment[]): Promise<void> {
    await writer.sync();
    file.archived = writer.position;
    file.lastChangeAt = this.#options.clock.now();
    if (file.unsavedSince === null && segments.length > 0) file.unsavedSince = this.#options.clock.monotonic();
    await this.#options.outlet.append(segments.splice(0));
  }

  /** The archive file is longer or shorter than remembered: an attempt broke off, or somebody touched it. */
  async #adopt(file: TrackedFile, source: FileHandle, position: number): Promise<boolean> {
    if (!(await isSame(this.#options.archive, file.archivePath, source, [0, position]))) return false;
    file.archived = position;
    await this.#handOver(file);
    return true;
  }

  /** @param stats null: the source is gone, so its last line will not be finished any more */
  async #handOverTail(file: TrackedFile, stats: BigIntStats | null): Promise<void> {
    const { segmenter } = file;
    if (file.kind !== 'lines' || segmenter === null || segmenter.position <= Math.max(segmenter.start, file.tailQueued))
      return;
    // A time in the future is from before the clock was set back: nothing was written since.
    const quietMs = stats === null ? Infinity : Math.abs(this.#options.clock.now() - Number(stats.mtimeMs));
    if (quietMs < TAIL_QUIET_MS) return;
    const tail = segmenter.rest('tail');
    if (tail === null) return;
    await this.#options.outlet.append([tail]);
    file.tailQueued = segmenter.position;
  }
}

function addRest(segments: Segment[], segmenter: Segmenter, kind: 'blob'): void {
  const rest = segmenter.rest(kind);
  if (rest !== null) segments.push(rest);
}

function sameMark(mark: FileMark | null, stats: BigIntStats): boolean {
  return (
    mark !== null &&
    mark.sizeBytes === Number(stats.size) &&
    mark.mtimeNs === stats.mtimeNs &&
    mark.ctimeNs === stats.ctimeNs &&
    mark.inode === stats.ino
  );
}
