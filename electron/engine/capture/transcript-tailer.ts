/**
 * Brings one transcript up to date. In: a tracked file. Out: its new bytes in the archive, durable; then its new segments
 * in the queue, as far as that has room. Recognises truncation and replacement by comparing the source with the archive,
 * and says so instead of guessing; never parses. Memory is one chunk, whatever the file.
 */
import type { BigIntStats } from 'node:fs';
import { lstat, type FileHandle } from 'node:fs/promises';
import type { Segment } from '../../../shared/segment.ts';
import type { Clock } from '../core/clock.ts';
import { EngineError, systemErrorCode } from '../core/errors.ts';
import { failpoint } from '../core/failpoint.ts';
import { DOCUMENT_QUIET_MS, isSettled } from './document-settling.ts';
import type { ArchiveAppender, ArchiveSink } from './archive-sink.ts';
import { SegmentFeed, addBlob, type SegmentOutlet } from './segment-feed.ts';
import { continues, endsLike, hasHoles, isSame } from './source-comparison.ts';
import { openSource, readFully, isSourceError } from './source-file.ts';
import { demandHandOver, isBehind, type FileMark, type TrackedFile } from './tracked-file.ts';

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
  /** The disk is full: a copy ends where it is, and goes on from there another time. Default: it never is. */
  readonly isHeld?: () => boolean;
}

const NEWLINE = 0x0a;
const CHUNK_BYTES = 1024 * 1024;
/** Large copies are made durable in steps, so that the queue is fed while the rest is copied. */
const SYNC_BYTES = 8 * 1024 * 1024;
/** Most files grow by a few kilobytes: their copies do not need a buffer for a whole chunk. */
const LEAST_BUFFER_BYTES = 64 * 1024;

export class TranscriptTailer {
  readonly #options: TranscriptTailerOptions;
  readonly #feed: SegmentFeed;
  readonly #turns = new WeakMap<TrackedFile, Promise<unknown>>();

  constructor(options: TranscriptTailerOptions) {
    this.#options = options;
    this.#feed = new SegmentFeed(options);
  }

  /** @param thorough compare every archived byte with the source, not only its head and its end */
  follow(file: TrackedFile, thorough: boolean): Promise<FollowOutcome> {
    return this.#inTurn(file, () => this.#follow(file, thorough));
  }

  /** Hands over what is archived and was not handed over yet, as far as there is room. */
  handOver(file: TrackedFile): Promise<void> {
    return this.#inTurn(file, async () => {
      if (!file.isDurable && file.state !== 'past') await this.#findHoles(file);
      await this.#feed.handOver(file);
    });
  }

  /** The same for a generation that nothing is added to any more: its last line will not be finished. */
  finish(file: TrackedFile): Promise<void> {
    return this.#inTurn(file, async () => {
      await this.#feed.handOver(file);
      await this.#feed.handOverTail(file, null);
    });
  }

  /**
   * Adds whole lines to a generation that mirrors no file: durable, then in the queue.
   * Errors: ARCHIVE_UNAVAILABLE.
   */
  addLines(file: TrackedFile, lines: Buffer): Promise<void> {
    return this.#inTurn(file, async () => {
      const { archive, clock } = this.#options;
      const writer = await archive.openWriter(file.archivePath);
      try {
        const at = writer.position;
        // An attempt that broke off in the middle of a line has left a part of it: that part stays a line of its own.
        const isCut = at > 0 && (await archive.read(file.archivePath, at - 1, at))[0] !== NEWLINE;
        await writer.append(isCut ? Buffer.concat([Buffer.of(NEWLINE), lines]) : lines);
        await writer.sync();
        file.archived = writer.position;
        file.lastChangeAt = clock.now();
        file.state = 'live';
      } finally {
        await writer.close();
      }
      file.unsavedSince ??= clock.monotonic();
      await this.#feed.handOver(file);
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
      await this.#feed.handOver(file);
      await this.#feed.handOverTail(file, stats);
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

  /** What an earlier run archived without a sync is compared before it is handed over; the next look copies it again. */
  async #findHoles(file: TrackedFile): Promise<void> {
    let source: FileHandle;
    try {
      source = await openSource(file.sourcePath);
    } catch (error) {
      if (systemErrorCode(error) === null) throw error;
      // Nothing to compare with: what is archived is all there is.
      return;
    }
    try {
      if (await hasHoles(this.#options.archive, file, source)) markHoles(file);
    } finally {
      await source.close();
    }
  }

  async #withoutSource(file: TrackedFile, error: unknown): Promise<FollowOutcome> {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return await this.#block(file, code ?? 'unreadable');
    file.state = 'missing';
    file.blockedReason = null;
    file.mark = null;
    await this.#feed.handOver(file);
    await this.#feed.handOverTail(file, null);
    return 'missing';
  }

  /** What was archived of it before is saved all the same. */
  async #block(file: TrackedFile, reason: string): Promise<'blocked'> {
    file.state = 'blocked';
    file.blockedReason = reason;
    file.mark = null;
    await this.#feed.handOver(file);
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
    const before = file.archived;
    // What is one segment as a whole is not handed over before it is whole.
    if (file.kind === 'lines') await this.#feed.handOver(file);
    if (isFirst || sizeBytes > before) {
      if ((await this.#copy(file, source, sizeBytes)) === 'replaced') return 'replaced';
    }
    // There was no room while it was copied, or it was demanded: the segments of the rest were not made.
    await this.#feed.handOver(file);
    file.state = 'live';
    file.blockedReason = null;
    file.unsettledSince = null;
    file.inode = stats.ino;
    const isWhole = file.archived >= sizeBytes;
    file.mark = isWhole ? { sizeBytes, mtimeNs: stats.mtimeNs, ctimeNs: stats.ctimeNs, inode: stats.ino } : null;
    await this.#feed.handOverTail(file, stats);
    return file.archived > before || isFirst ? 'advanced' : 'unchanged';
  }

  async #isContinued(file: TrackedFile, source: FileHandle, sizeBytes: number, thorough: boolean): Promise<boolean> {
    try {
      if (await continues(this.#options.archive, file, source, { sizeBytes, thorough })) return true;
      if (file.isDurable || !(await hasHoles(this.#options.archive, file, source))) return false;
      markHoles(file);
      return true;
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
    const writer = await this.#options.archive.openWriter(file.archivePath, file.holesFrom ?? undefined);
    try {
      if (writer.position !== file.archived && !(await this.#adopt(file, source, writer))) return 'replaced';
      const expected = Math.max(LEAST_BUFFER_BYTES, sizeBytes - writer.position);
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, expected));
      const isContinued = await this.#copyChunks(file, source, writer, buffer);
      file.holesFrom = null;
      return isContinued ? 'copied' : 'replaced';
    } catch (error) {
      // Where the archive really ends is found out next time; until then nothing of this attempt counts.
      demandHandOver(file);
      throw error;
    } finally {
      await writer.close();
    }
  }

  /**
   * Whether segments are made on the way is decided anew for each step; without room the bytes are only archived.
   * @returns false when the source was replaced meanwhile
   */
  async #copyChunks(file: TrackedFile, source: FileHandle, writer: ArchiveAppender, buffer: Buffer): Promise<boolean> {
    const segments: Segment[] = [];
    let isFed = this.#feed.takes;
    let unsynced = 0;
    let isWhole = false;
    let isReplaced = false;
    while (this.#options.isHeld?.() !== true) {
      const at = writer.position;
      const read = await readFully(source, buffer, at);
      isWhole = read === 0;
      if (isWhole) break;
      failpoint('after-read');
      // Overwritten since it was compared: these bytes are no continuation of what is archived.
      isReplaced = !(await endsLike(this.#options.archive, file.archivePath, source, at));
      if (isReplaced) break;
      const chunk = buffer.subarray(0, read);
      await writer.append(chunk);
      const segment = isFed && file.segmenter?.position === at ? file.segmenter.push(chunk) : null;
      if (segment !== null) segments.push(segment);
      unsynced += read;
      if (unsynced < SYNC_BYTES) continue;
      await this.#makeDurable(file, writer, segments);
      unsynced = 0;
      isFed = this.#feed.takes;
    }
    if (isWhole && file.kind !== 'lines' && file.segmenter?.position === writer.position)
      addBlob(segments, file.segmenter);
    await this.#makeDurable(file, writer, segments);
    return !isReplaced;
  }

  async #makeDurable(file: TrackedFile, writer: ArchiveAppender, segments: Segment[]): Promise<void> {
    await writer.sync();
    file.archived = writer.position;
    file.lastChangeAt = this.#options.clock.now();
    if (isBehind(file)) file.unsavedSince ??= this.#options.clock.monotonic();
    const made = segments.splice(0);
    // Demanded meanwhile: they are made again, from the committed position.
    if (file.segmenter !== null) await this.#feed.append(file, made);
  }

  /** The archive file is longer or shorter than remembered: an attempt broke off, or somebody touched it. */
  async #adopt(file: TrackedFile, source: FileHandle, writer: ArchiveAppender): Promise<boolean> {
    const { position } = writer;
    if (!(await isSame(this.#options.archive, file.archivePath, source, [0, position]))) return false;
    await writer.sync();
    file.archived = position;
    demandHandOver(file);
    await this.#feed.handOver(file);
    return true;
  }
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

/** What is committed is whole. The rest is written again, over the holes. */
function markHoles(file: TrackedFile): void {
  file.archived = file.committed;
  file.holesFrom = file.committed;
}
