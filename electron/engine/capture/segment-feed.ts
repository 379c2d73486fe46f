/**
 * Makes segments of what is archived and gives them to the queue, as far as that has room. Reads from the archive only, so it
 * can be asked at any time for any file; what it cannot hand over now stays behind and is handed over another time.
 */
import type { BigIntStats } from 'node:fs';
import type { Segment } from '../../../shared/segment.ts';
import type { Clock } from '../core/clock.ts';
import type { ArchiveSink } from './archive-sink.ts';
import { Segmenter } from './segmenter.ts';
import { committableEnd, demandHandOver, isBehind, type TrackedFile } from './tracked-file.ts';

/** Where segments go. Archiving never waits for it: what finds no room is handed over later, from the archive. */
export interface SegmentOutlet {
  /** There is room now. */
  readonly takes: boolean;
  /** @returns false when it did not take all of them: then all have to be handed over again */
  append(segments: readonly Segment[]): Promise<boolean>;
}

export interface SegmentFeedOptions {
  readonly archive: ArchiveSink;
  readonly outlet: SegmentOutlet;
  readonly clock: Clock;
}

const CHUNK_BYTES = 1024 * 1024;
/** What is read from the archive before its segments go to the queue, and before it is asked again whether it has room. */
const HAND_OVER_BYTES = 8 * 1024 * 1024;
/** A last line without a newline is looked at when the file has been quiet for this long. */
const TAIL_QUIET_MS = 60_000;

export class SegmentFeed {
  readonly #options: SegmentFeedOptions;

  constructor(options: SegmentFeedOptions) {
    this.#options = options;
  }

  get takes(): boolean {
    return this.#options.outlet.takes;
  }

  /** From the committed position on when a hand-over was demanded, else from where the last one ended. */
  async handOver(file: TrackedFile): Promise<void> {
    if (!file.isDurable) await this.#makeDurable(file);
    file.segmenter ??= newSegmenter(file);
    while (isBehind(file) && this.takes) {
      const segmenter = (file.segmenter ??= newSegmenter(file));
      const segments = await this.#nextSegments(file, segmenter).catch((error: unknown) => {
        // What was read of it so far is in no segment.
        demandHandOver(file);
        throw error;
      });
      // Demanded once more meanwhile: the committed position may be another one now.
      if (file.segmenter !== segmenter) continue;
      if (!(await this.append(file, segments))) return;
    }
    if (file.committed >= committableEnd(file)) file.unsavedSince = null;
  }

  async #makeDurable(file: TrackedFile): Promise<void> {
    const writer = await this.#options.archive.openWriter(file.archivePath);
    try {
      await writer.sync();
    } finally {
      await writer.close();
    }
    file.isDurable = true;
  }

  /** Reads on from where the segmenter is: some of the lines, or all of a document or blob, which is one segment. */
  async #nextSegments(file: TrackedFile, segmenter: Segmenter): Promise<Segment[]> {
    const segments: Segment[] = [];
    const stop = file.kind !== 'lines' ? Infinity : segmenter.position + HAND_OVER_BYTES;
    for (let at = segmenter.position; at < Math.min(stop, file.archived);) {
      const end = Math.min(at + CHUNK_BYTES, file.archived);
      const segment = segmenter.push(await this.#options.archive.read(file.archivePath, at, end));
      if (segment !== null) segments.push(segment);
      at = end;
    }
    if (file.kind !== 'lines' && file.committed < file.archived) addBlob(segments, segmenter);
    return segments;
  }

  /** @returns false when they were not taken: then all that is not committed is handed over again */
  async append(file: TrackedFile, segments: readonly Segment[]): Promise<boolean> {
    if (segments.length === 0) return true;
    file.unsavedSince ??= this.#options.clock.monotonic();
    let isTaken = false;
    try {
      isTaken = await this.#options.outlet.append(segments);
    } finally {
      // How many of them the queue has is not known: all of them are handed over again.
      if (!isTaken) demandHandOver(file);
    }
    return isTaken;
  }

  /** @param stats null: the source is gone, so its last line will not be finished any more */
  async handOverTail(file: TrackedFile, stats: BigIntStats | null): Promise<void> {
    const { segmenter } = file;
    if (file.kind !== 'lines' || segmenter === null || isBehind(file)) return;
    if (segmenter.position <= Math.max(segmenter.start, file.tailQueued)) return;
    if (!this.takes) {
      // Nothing else would bring the end of a generation that is past: it is left behind as a whole.
      if (file.state === 'past') demandHandOver(file);
      return;
    }
    // A time in the future is from before the clock was set back: nothing was written since.
    const quietMs = stats === null ? Infinity : Math.abs(this.#options.clock.now() - Number(stats.mtimeMs));
    if (quietMs < TAIL_QUIET_MS) return;
    const tail = segmenter.rest('tail');
    if (tail === null) return;
    if (await this.#options.outlet.append([tail])) file.tailQueued = segmenter.position;
  }
}

function newSegmenter(file: TrackedFile): Segmenter {
  file.tailQueued = 0;
  // Committed past the archive: the archive was damaged, so everything it has is read again.
  const from = file.kind !== 'lines' || file.committed > file.archived ? 0 : file.committed;
  return new Segmenter(file.archivePath, file.kind, from);
}

/** A document or blob is one segment from its start, however often it has grown. */
export function addBlob(segments: Segment[], segmenter: Segmenter): void {
  const rest = segmenter.rest('blob');
  if (rest !== null) segments.push(rest);
}
