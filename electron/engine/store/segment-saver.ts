/**
 * The only place where anything becomes "saved". In: segments in order. Out: one transaction with their records, exchanges,
 * full text, dead letters, hashes and the committed position of each file. Idempotent by natural keys: a segment that
 * comes again changes nothing. Reads the bytes from the archive and checks their hash first.
 */
import { createHash } from 'node:crypto';
import type { TranscriptContext } from '../../../shared/record.ts';
import type { Segment } from '../../../shared/segment.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { EngineError } from '../core/errors.ts';
import { failpoint } from '../core/failpoint.ts';
import type { Line } from '../core/line-splitter.ts';
import { toStoreError, type Database, type Statement } from './database.ts';
import { DeadLetterTable, type ByteRange } from './dead-letter-table.ts';
import { readDocument } from './document-reader.ts';
import { GenerationTable, type GenerationRow } from './generation-table.ts';
import { LineReader, type Lanes, type LineResult } from './line-reader.ts';
import { RecordSaver, type OpenFile } from './record-saver.ts';
import type { AssemblerFactory, OwnerRule, RangeReader, TranscriptParser } from './saver-ports.ts';

export interface SegmentSaverOptions {
  readonly database: Database;
  readonly archive: RangeReader;
  readonly parserOf: (
    archivePath: string,
  ) => { readonly parser: TranscriptParser; readonly relativePath: string; readonly generation: number } | null;
  readonly assemblerFor: AssemblerFactory;
  readonly ownerOf: OwnerRule;
  readonly now: () => EpochMs;
  /** Lines and documents over this size are set aside by their range. */
  readonly maxLineBytes: number;
}

export interface SegmentToSave {
  readonly segment: Segment;
  /** Where the transcript is on disk; kept so that it can be restored there. */
  readonly sourcePath: string | null;
}

/**
 * - `committed`: saved now.
 * - `already`: was saved before; nothing to do.
 * - `gap`: something before it is not saved yet; queue the file again from `committed`.
 * - `mismatch`: the archive does not hold what the entry says; queue the file again from `committed`.
 */
export type SegmentOutcome = 'committed' | 'already' | 'gap' | 'mismatch';

export interface SegmentResult {
  readonly outcome: SegmentOutcome;
  readonly committed: number;
  readonly newRecords: number;
}

export interface SaveResult {
  readonly segments: readonly SegmentResult[];
  readonly changedExchanges: number;
  readonly quarantined: number;
}

const MINUTE_MS = 60_000;
/** Sidecars over this size are archived without being looked into: meta files are a few hundred bytes. */
const MAX_SIDECAR_BYTES = 256 * 1024;
/** Segments up to this size are read once and held; longer ones are read once for the hash and once for the lines. */
const HELD_SEGMENT_BYTES = 4 * 1024 * 1024;
const NOTHING_COUNTED = { lines: 0, records: 0 } as const;

/** Gives the bytes of a segment whose hash was right, as often as wanted. */
type Bytes = (use: (chunk: Buffer) => void) => void;

export class SegmentSaver {
  readonly #options: SegmentSaverOptions;
  readonly #generations: GenerationTable;
  readonly #letters: DeadLetterTable;
  readonly #records: RecordSaver;
  readonly #count: Statement<[number, number, number], unknown>;
  /** The segment that is being saved, if it is short. */
  readonly #held = Buffer.allocUnsafe(HELD_SEGMENT_BYTES);
  #quarantined = 0;

  constructor(options: SegmentSaverOptions) {
    const { database } = options;
    this.#options = options;
    this.#generations = new GenerationTable(database);
    this.#letters = new DeadLetterTable(database);
    this.#records = new RecordSaver({
      ...options,
      generationOrder: (archivePath) => options.parserOf(archivePath)?.generation ?? 0,
    });
    this.#count = database.prepare(
      `INSERT INTO minute (minute, saved, errors) VALUES (?, ?, ?)
       ON CONFLICT (minute) DO UPDATE SET saved = saved + excluded.saved, errors = errors + excluded.errors`,
    );
  }

  /**
   * Saves a batch in one transaction with `synchronous=FULL`. When it returns, everything in it is durable.
   * Errors: STORE_BUSY, STORE_FULL, STORE_FAILED, ARCHIVE_UNAVAILABLE (retryable), STORE_CORRUPT.
   */
  save(batch: readonly SegmentToSave[]): SaveResult {
    const result = this.#transaction(() => {
      const finished = this.#finish(batch.map((item) => this.#saveSegment(item)));
      failpoint('in-transaction');
      return finished;
    });
    failpoint('after-commit');
    return result;
  }

  /**
   * Sets a segment aside that cannot be saved for a reason of its own, and lets the position pass it. A tail is set aside
   * without that: its line may still grow.
   */
  setAside({ segment, sourcePath }: SegmentToSave, reason: string): SaveResult {
    return this.#transaction(() => {
      const { context } = this.#readerOf(segment);
      const generation = this.#generations.open(segment, sourcePath, context, this.#options.now());
      const early = outcomeBefore(segment, generation.committed);
      if (early !== null) return this.#finish([unchanged(early, generation)]);
      this.#setAside(generation, segment, reason);
      if (segment.kind === 'tail') return this.#finish([unchanged('committed', generation)]);
      this.#generations.commit(generation, segment, generation.lanes, NOTHING_COUNTED, this.#options.now());
      return this.#finish([{ outcome: 'committed', committed: segment.end, newRecords: 0 }]);
    });
  }

  /** Reads files again from the start: what is saved stays, what was missed is added. @returns archive paths touched */
  forgetPositions(archivePaths: readonly string[]): number {
    return this.#transaction(() => this.#generations.forgetPositions(archivePaths));
  }

  /** Counts failures for the trend of errors per minute. */
  countErrors(count: number): void {
    this.#transaction(() => {
      this.#countMinute(0, count);
    });
  }

  #transaction<T>(work: () => T): T {
    this.#quarantined = 0;
    try {
      return this.#options.database.transaction(work).immediate();
    } catch (error) {
      // What the tables remember may not be in the database any more.
      this.#generations.forget();
      this.#records.forget();
      throw toStoreError(error);
    }
  }

  #finish(segments: readonly SegmentResult[]): SaveResult {
    const changedExchanges = this.#records.finish();
    if (changedExchanges > 0 || this.#quarantined > 0) this.#countMinute(changedExchanges, this.#quarantined);
    return { segments, changedExchanges, quarantined: this.#quarantined };
  }

  #saveSegment({ segment, sourcePath }: SegmentToSave): SegmentResult {
    const committed = this.#generations.committedOf(segment.archivePath);
    const early = outcomeBefore(segment, committed ?? 0);
    const bytes = early === null ? this.#bytesOf(segment) : null;
    // A damaged entry may name a file that there never was: none gets a row before its bytes were seen.
    if (committed === null && bytes === null) return { outcome: early ?? 'mismatch', committed: 0, newRecords: 0 };
    const { parser, context: place } = this.#readerOf(segment);
    const generation = this.#generations.open(segment, sourcePath, place, this.#options.now());
    const context = place === null ? null : { ...place, firstSeenAt: generation.firstSavedAt };
    if (bytes === null) return unchanged(early ?? 'mismatch', generation);
    if (parser === null || context === null) {
      this.#setAside(generation, segment, 'unknown-agent');
      this.#generations.commit(generation, segment, generation.lanes, NOTHING_COUNTED, this.#options.now());
      return { outcome: 'committed', committed: segment.end, newRecords: 0 };
    }
    if (segment.kind !== 'blob') return this.#saveLines(segment, bytes, generation, parser, context);
    return parser.fileKind(context.relativePath) === 'document'
      ? this.#saveDocument(segment, generation, parser, context)
      : this.#saveBlob(segment, generation, parser, context);
  }

  /**
   * Reads a document from its beginning, however much of it was committed before: what is known is recognised, what is newer
   * replaces. One that cannot be read is set aside as a whole, and taken back when the same file is whole later on.
   */
  #saveDocument(
    segment: Segment,
    generation: GenerationRow,
    parser: TranscriptParser,
    context: TranscriptContext,
  ): SegmentResult {
    const whole = { start: 0, end: segment.end };
    const bytes = segment.end > this.#options.maxLineBytes ? null : this.#wholeBytes(segment);
    const place = { generation: generation.id, parser, context };
    const { malformed, records, newRecords, lanes } = readDocument(bytes, whole, place, this.#records);
    for (const { range, reason } of malformed.values()) this.#setAside(generation, range, reason);
    for (const start of this.#letters.keptWithin(generation.id, whole)) {
      if (!malformed.has(start)) this.#letters.recover(generation.id, start);
    }
    this.#generations.commit(generation, segment, lanes, { lines: 0, records }, this.#options.now());
    return { outcome: 'committed', committed: segment.end, newRecords };
  }

  #wholeBytes({ archivePath, end }: Segment): Buffer {
    const chunks: Buffer[] = [];
    this.#options.archive.readChunks(archivePath, 0, end, (chunk) => chunks.push(Buffer.from(chunk)));
    return Buffer.concat(chunks);
  }

  #saveLines(
    segment: Segment,
    bytes: Bytes,
    generation: GenerationRow,
    parser: TranscriptParser,
    context: TranscriptContext,
  ): SegmentResult {
    const lines = new LineReader({
      offset: segment.start,
      committed: generation.committed,
      maxLineBytes: this.#options.maxLineBytes,
      lanes: generation.lanes,
      save: this.#lineSaver(segment, generation, parser, context),
    });
    bytes((chunk) => {
      lines.push(chunk);
    });
    // A segment of lines has no rest. If one had, the position would pass bytes that nobody has read.
    lines.readRest();
    const { newRecords } = lines;
    if (segment.kind === 'tail') {
      this.#generations.rememberLanes(generation, lines.lanes);
      return { outcome: 'committed', committed: generation.committed, newRecords };
    }
    this.#generations.commit(generation, segment, lines.lanes, lines.counts, this.#options.now());
    return { outcome: 'committed', committed: segment.end, newRecords };
  }

  /** Saves lines of the segment, and takes back the dead letters of those that can be read by now. */
  #lineSaver(
    segment: Segment,
    generation: GenerationRow,
    parser: TranscriptParser,
    context: TranscriptContext,
  ): (line: Line, lanes: Lanes) => LineResult {
    const letters = this.#letters.keptWithin(generation.id, segment);
    let isMalformed = false;
    const file: OpenFile = {
      generation: generation.id,
      parser,
      context,
      setAside: (line, reason) => {
        isMalformed = true;
        this.#setAside(generation, line, reason);
      },
    };
    return (line, lanes) => {
      isMalformed = false;
      const result = this.#records.saveLine(line, file, lanes);
      if (!isMalformed && letters.has(line.start)) this.#letters.recover(generation.id, line.start);
      return result;
    };
  }

  #saveBlob(
    segment: Segment,
    generation: GenerationRow,
    parser: TranscriptParser,
    context: TranscriptContext,
  ): SegmentResult {
    if (segment.end <= MAX_SIDECAR_BYTES) {
      const link = parser.parseSidecar(context, this.#wholeBytes(segment));
      if (link !== null) this.#records.linkSubagent(context.agent, link);
    }
    if (this.#letters.keptWithin(generation.id, segment).has(segment.start)) {
      this.#letters.recover(generation.id, segment.start);
    }
    this.#generations.commit(generation, segment, generation.lanes, NOTHING_COUNTED, this.#options.now());
    return { outcome: 'committed', committed: segment.end, newRecords: 0 };
  }

  #readerOf(segment: Segment): {
    readonly parser: TranscriptParser | null;
    readonly context: TranscriptContext | null;
  } {
    const found = this.#options.parserOf(segment.archivePath);
    if (found === null) return { parser: null, context: null };
    return { parser: found.parser, context: found.parser.contextOf(segment.archivePath, found.relativePath) };
  }

  /** @returns null when the archive holds other bytes than the segment says, or not all of them */
  #bytesOf({ archivePath, start, end, sha256 }: Segment): Bytes | null {
    const { archive } = this.#options;
    const held = end - start <= HELD_SEGMENT_BYTES ? this.#held.subarray(0, end - start) : null;
    let at = 0;
    const hash = createHash('sha256');
    try {
      archive.readChunks(archivePath, start, end, (chunk) => {
        hash.update(chunk);
        if (held !== null) at += chunk.copy(held, at);
      });
    } catch (error) {
      if (error instanceof EngineError && error.code === 'ARCHIVE_MISMATCH') return null;
      throw error;
    }
    if (hash.digest('hex') !== sha256) return null;
    if (held === null) return (use) => archive.readChunks(archivePath, start, end, use);
    return (use) => {
      use(held);
    };
  }

  #setAside(generation: GenerationRow, range: ByteRange, reason: string): void {
    if (this.#letters.setAside(generation.id, range, reason, this.#options.now())) this.#quarantined += 1;
  }

  #countMinute(saved: number, errors: number): void {
    this.#count.run(Math.floor(this.#options.now() / MINUTE_MS) * MINUTE_MS, saved, errors);
  }
}

/** What is known of a segment before it is read: nothing (null), or that it is saved, or that something before it is not. */
function outcomeBefore(segment: Segment, committed: number): 'already' | 'gap' | null {
  if (segment.start > committed) return 'gap';
  // A tail never moves the position. One that begins before it is an unfinished state of a line that is whole by now.
  const isSaved = segment.kind === 'tail' ? segment.start < committed : segment.end <= committed;
  return isSaved ? 'already' : null;
}

function unchanged(outcome: SegmentOutcome, { committed }: GenerationRow): SegmentResult {
  return { outcome, committed, newRecords: 0 };
}
