/**
 * Brings one transcript up to date. In: a tracked file. Out: its new bytes in the archive, durable; then its new segments
 * in the queue. Recognises truncation and replacement by comparing the source with the archive, and says so instead of
 * guessing; never parses. Memory is one chunk, whatever the file.
 */
import { constants } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import type { Segment } from '../../../shared/segment.ts';
import type { Clock } from '../core/clock.ts';
import { systemErrorCode } from '../core/errors.ts';
import { Segmenter } from './segmenter.ts';
import type { FileMark, TrackedFile } from './tracked-file.ts';

/** The archive as capture needs it. Rejects with ARCHIVE_UNAVAILABLE, retryable, when it cannot be written. */
export interface ArchiveSink {
  read(archivePath: string, start: number, end: number): Promise<Buffer>;
  openWriter(archivePath: string): Promise<ArchiveAppender>;
}

export interface ArchiveAppender {
  readonly position: number;
  append(bytes: Buffer): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Where segments go. Resolves when there is room for more. */
export interface SegmentOutlet {
  append(segments: readonly Segment[]): Promise<void>;
}

/**
 * - `unchanged`, `advanced`: the archive holds all of the source.
 * - `replaced`: the source is no longer what was archived; follow a new generation from its start.
 * - `missing`: the source is gone; everything archived was handed over.
 * - `blocked`: the source cannot be read now; `file.blockedReason` says why.
 */
export type FollowOutcome = 'unchanged' | 'advanced' | 'replaced' | 'missing' | 'blocked';

export interface TranscriptTailerOptions {
  readonly archive: ArchiveSink;
  readonly outlet: SegmentOutlet;
  readonly clock: Clock;
}

const CHUNK_BYTES = 1024 * 1024;
/** Bytes that are compared before more is read: an appended file has the same ones before its new end. */
const ANCHOR_BYTES = 4096;
/** Large copies are made durable in steps, so that the queue is fed while the rest is copied. */
const SYNC_BYTES = 8 * 1024 * 1024;
/** A last line without a newline is looked at when the file has been quiet for this long. */
const TAIL_QUIET_MS = 60_000;
// NONBLOCK: opening a FIFO must not wait for its writer. NOFOLLOW: what was a file a moment ago may be a link now.
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

export class TranscriptTailer {
  readonly #options: TranscriptTailerOptions;

  constructor(options: TranscriptTailerOptions) {
    this.#options = options;
  }

  /** @param thorough compare every archived byte with the source, not only its head and its end */
  async follow(file: TrackedFile, thorough: boolean): Promise<FollowOutcome> {
    let stats: BigIntStats;
    try {
      stats = await lstat(file.sourcePath, { bigint: true });
    } catch (error) {
      return await this.#withoutSource(file, error);
    }
    if (!stats.isFile()) return block(file, 'not a regular file');
    if (!thorough && file.segmenter !== null && file.state === 'live' && sameMark(file.mark, stats)) {
      await this.#handOverTail(file, stats);
      return 'unchanged';
    }
    let source: FileHandle;
    try {
      source = await open(file.sourcePath, READ_FLAGS);
    } catch (error) {
      return await this.#withoutSource(file, error);
    }
    try {
      return await this.#followOpen(file, source, thorough);
    } catch (error) {
      if (isSourceError(error)) return block(file, systemErrorCode(error) ?? 'unreadable');
      throw error;
    } finally {
      await source.close();
    }
  }

  /** Hands over again what is archived and not committed, whether or not the source is there. */
  async requeue(file: TrackedFile): Promise<void> {
    // Committed past the archive: the archive was damaged, so everything it has is read again.
    const from = file.kind === 'blob' || file.committed > file.archived ? 0 : file.committed;
    const segmenter = new Segmenter(file.archivePath, file.kind, from);
    const segments: Segment[] = [];
    for (let at = from; at < file.archived;) {
      const end = Math.min(at + CHUNK_BYTES, file.archived);
      const segment = segmenter.push(await this.#options.archive.read(file.archivePath, at, end));
      if (segment !== null) segments.push(segment);
      at = end;
    }
    if (file.kind === 'blob' && file.committed < file.archived) addRest(segments, segmenter, 'blob');
    file.segmenter = segmenter;
    file.tailQueued = 0;
    await this.#options.outlet.append(segments);
  }

  async #withoutSource(file: TrackedFile, error: unknown): Promise<FollowOutcome> {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return block(file, code ?? 'unreadable');
    file.state = 'missing';
    file.blockedReason = null;
    file.mark = null;
    if (file.segmenter === null) await this.requeue(file);
    await this.#handOverTail(file, null);
    return 'missing';
  }

  async #followOpen(file: TrackedFile, source: FileHandle, thorough: boolean): Promise<FollowOutcome> {
    const stats = await source.stat({ bigint: true });
    if (!stats.isFile()) return block(file, 'not a regular file');
    const isFirst = file.mark === null && file.archived === 0;
    if (!(await this.#continues(file, source, Number(stats.size), thorough))) return 'replaced';
    if (file.segmenter === null) await this.requeue(file);
    const before = file.archived;
    if (isFirst || Number(stats.size) > file.archived) {
      if ((await this.#copy(file, source)) === 'replaced') return 'replaced';
    }
    file.state = 'live';
    file.blockedReason = null;
    file.mark = { sizeBytes: Number(stats.size), mtimeMs: Number(stats.mtimeMs), inode: stats.ino };
    await this.#handOverTail(file, stats);
    return file.archived > before || isFirst ? 'advanced' : 'unchanged';
  }

  /** True if the source still begins with what was archived of it, as far as is looked at. */
  async #continues(file: TrackedFile, source: FileHandle, sizeBytes: number, thorough: boolean): Promise<boolean> {
    if (sizeBytes < file.archived) return false;
    if (thorough) return await this.#same(file, source, 0, file.archived);
    const anchor = Math.max(0, file.archived - ANCHOR_BYTES);
    const head = Math.min(ANCHOR_BYTES, anchor);
    return (await this.#same(file, source, anchor, file.archived)) && (await this.#same(file, source, 0, head));
  }

  async #same(file: TrackedFile, source: FileHandle, start: number, end: number): Promise<boolean> {
    for (let at = start; at < end;) {
      const until = Math.min(at + CHUNK_BYTES, end);
      const mine = await this.#options.archive.read(file.archivePath, at, until);
      const theirs = Buffer.allocUnsafe(until - at);
      if ((await readFully(source, theirs, at)) < theirs.length || !mine.equals(theirs)) return false;
      at = until;
    }
    return true;
  }

  /** Copies from the end of the archive to the end of the source: archive first, then durable, then the queue. */
  async #copy(file: TrackedFile, source: FileHandle): Promise<'copied' | 'replaced'> {
    const writer = await this.#options.archive.openWriter(file.archivePath);
    try {
      if (writer.position !== file.archived && !(await this.#adopt(file, source, writer.position))) return 'replaced';
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      const segments: Segment[] = [];
      let unsynced = 0;
      for (;;) {
        const read = await readFully(source, buffer, writer.position);
        if (read === 0) break;
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
      if (file.kind === 'blob' && file.segmenter !== null) addRest(segments, file.segmenter, 'blob');
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
    const isSame = await this.#same({ ...file, archived: position }, source, 0, position);
    if (!isSame) return false;
    file.archived = position;
    await this.requeue(file);
    return true;
  }

  /** @param stats null: the source is gone, so its last line will not be finished any more */
  async #handOverTail(file: TrackedFile, stats: BigIntStats | null): Promise<void> {
    const { segmenter } = file;
    if (file.kind !== 'lines' || segmenter === null || segmenter.position <= Math.max(segmenter.start, file.tailQueued))
      return;
    const quietMs = stats === null ? Infinity : this.#options.clock.now() - Number(stats.mtimeMs);
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

function block(file: TrackedFile, reason: string): 'blocked' {
  file.state = 'blocked';
  file.blockedReason = reason;
  file.mark = null;
  return 'blocked';
}

function sameMark(mark: FileMark | null, stats: BigIntStats): boolean {
  return (
    mark !== null &&
    mark.sizeBytes === Number(stats.size) &&
    mark.mtimeMs === Number(stats.mtimeMs) &&
    mark.inode === stats.ino
  );
}

/** Fills the buffer from `position` on, as far as the file goes. */
async function readFully(source: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await source.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** Errors of reading a source, as opposed to those of the archive, which come as EngineError. */
function isSourceError(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code !== null && /^(EACCES|EPERM|EIO|EBUSY|EISDIR|ESTALE|ENXIO|ELOOP|ENODEV|EAGAIN)$/.test(code);
}
