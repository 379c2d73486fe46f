/**
 * The only place where anything becomes "saved". In: segments in order. Out: one transaction with their records, exchanges,
 * full text, dead letters, hashes and the committed position of each file. Idempotent by natural keys: a segment that
 * comes again changes nothing. Reads the bytes from the archive and checks their hash first.
 */
import { createHash } from 'node:crypto';
import type { Agent, ExchangeDraft } from '../../../shared/exchange.ts';
import type { LineOutcome, ParsedRecord, SubagentLink, TranscriptContext } from '../../../shared/record.ts';
import type { Segment } from '../../../shared/segment.ts';
import type { EpochMs } from '../../../shared/time.ts';
import type { Line } from '../core/line-splitter.ts';
import { EngineError } from '../core/errors.ts';
import { ExchangeTable } from './exchange-table.ts';
import { GenerationTable, type GenerationRow } from './generation-table.ts';
import { LineReader, type Lanes, type LineResult } from './line-reader.ts';
import { RecordTable } from './record-table.ts';
import { SessionTable, type SharedExchange } from './session-table.ts';
import { toStoreError, type Database } from './database.ts';

/** Reads archived bytes. Throws ARCHIVE_MISMATCH when they are not all there. */
export interface RangeReader {
  readChunks(archivePath: string, start: number, end: number, use: (chunk: Buffer) => void): void;
}

/** Understands one agent's files. Never throws for bad input. */
export interface TranscriptParser {
  contextOf(archivePath: string, relativePath: string): TranscriptContext;
  parseLine(line: Buffer, context: TranscriptContext): LineOutcome;
  /** A whole record that stands in a malformed line, or null. */
  salvageLine(line: Buffer, context: TranscriptContext): ParsedRecord | null;
  parseSidecar(context: TranscriptContext, bytes: Buffer): SubagentLink | null;
}

/** Decides which exchange a record belongs to, and how an exchange grows. Pure. */
export interface Assembler {
  /** Places a record that is new. */
  place(record: ParsedRecord, context: TranscriptContext, lanes: Lanes): Placement;
  /** A record that is already saved comes again (fork, resumed copy, replay): only the lanes follow. */
  touch(record: ParsedRecord, exchangeKey: string | null, lanes: Lanes): Lanes;
}

export interface Placement {
  readonly exchangeKey: string | null;
  readonly lanes: Lanes;
  /** Every exchange that is new or different now. */
  readonly changed: readonly ExchangeDraft[];
}

/** What the assembler may ask about records saved so far. */
export interface ExchangeIndex {
  exchangeOf(recordKey: string): string | null;
  load(exchangeKey: string): ExchangeDraft | null;
}

export interface SegmentSaverOptions {
  readonly database: Database;
  readonly archive: RangeReader;
  readonly parserOf: (
    archivePath: string,
  ) => { readonly parser: TranscriptParser; readonly relativePath: string } | null;
  readonly assemblerFor: (agent: Agent, index: ExchangeIndex) => Assembler;
  /** The session in which an exchange was asked, of several that hold it. */
  readonly ownerOf: (
    candidates: SharedExchange['candidates'],
  ) => { readonly sessionId: string; readonly promptAt: EpochMs | null } | null;
  readonly now: () => EpochMs;
  /** Lines over this size are set aside by their range. */
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
export interface SegmentResult {
  readonly outcome: 'committed' | 'already' | 'gap' | 'mismatch';
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

export class SegmentSaver {
  readonly #options: SegmentSaverOptions;
  readonly #generations: GenerationTable;
  readonly #records: RecordTable;
  readonly #exchanges: ExchangeTable;
  readonly #sessions: SessionTable;
  readonly #assemblers = new Map<Agent, Assembler>();
  #quarantined = 0;

  constructor(options: SegmentSaverOptions) {
    this.#options = options;
    this.#generations = new GenerationTable(options.database);
    this.#records = new RecordTable(options.database);
    this.#sessions = new SessionTable(options.database);
    this.#exchanges = new ExchangeTable(options.database, this.#sessions);
  }

  /**
   * Saves a batch in one transaction with `synchronous=FULL`. When it returns, everything in it is durable.
   * Errors: STORE_BUSY, STORE_FULL, STORE_FAILED, ARCHIVE_UNAVAILABLE (retryable), STORE_CORRUPT.
   */
  save(batch: readonly SegmentToSave[]): SaveResult {
    return this.#transaction(() => {
      const segments = batch.map((item) => this.#saveSegment(item));
      return this.#finish(segments);
    });
  }

  /** Sets a segment aside that cannot be saved for a reason of its own, and lets the position pass it. */
  setAside(item: SegmentToSave, reason: string): SaveResult {
    return this.#transaction(() => {
      const { segment } = item;
      const generation = this.#generations.open(
        segment,
        item.sourcePath,
        this.#contextOf(segment).context,
        this.#options.now(),
      );
      if (segment.start > generation.committed) {
        return this.#finish([{ outcome: 'gap', committed: generation.committed, newRecords: 0 }]);
      }
      this.#setAside(generation, segment.start, segment.end, reason);
      this.#commitPosition(generation, segment, generation.lanes, { lines: 0, records: 0 });
      return this.#finish([{ outcome: 'committed', committed: segment.end, newRecords: 0 }]);
    });
  }

  /** Reads files again from the start: what is saved stays, what was missed is added. @returns archive paths touched */
  forgetPositions(archivePaths: readonly string[]): number {
    return this.#transaction(() => this.#generations.forgetPositions(archivePaths));
  }

  /** Counts a failure for the trend of errors per minute. */
  countError(): void {
    this.#transaction(() => {
      this.#countMinute(0, 1);
    });
  }

  #transaction<T>(work: () => T): T {
    this.#quarantined = 0;
    try {
      return this.#options.database.transaction(work).immediate();
    } catch (error) {
      // What the tables remember may not be in the database any more.
      for (const table of [this.#generations, this.#records, this.#exchanges, this.#sessions]) table.forget();
      throw toStoreError(error);
    }
  }

  #finish(segments: readonly SegmentResult[]): SaveResult {
    const changed = this.#exchanges.flush(this.#options.now());
    this.#sessions.flush();
    for (const { agent, key, candidates } of this.#sessions.takeShared()) {
      const owner = this.#options.ownerOf(candidates);
      if (owner !== null) this.#exchanges.setOwner(agent, key, owner.sessionId, owner.promptAt);
    }
    this.#records.flush();
    if (changed > 0 || this.#quarantined > 0) this.#countMinute(changed, this.#quarantined);
    return { segments, changedExchanges: changed, quarantined: this.#quarantined };
  }

  #contextOf(segment: Segment): {
    readonly parser: TranscriptParser | null;
    readonly context: TranscriptContext | null;
  } {
    const found = this.#options.parserOf(segment.archivePath);
    if (found === null) return { parser: null, context: null };
    return { parser: found.parser, context: found.parser.contextOf(segment.archivePath, found.relativePath) };
  }

  #saveSegment({ segment, sourcePath }: SegmentToSave): SegmentResult {
    const { parser, context } = this.#contextOf(segment);
    const generation = this.#generations.open(segment, sourcePath, context, this.#options.now());
    const { committed } = generation;
    if (segment.kind !== 'tail' && segment.end <= committed) return { outcome: 'already', committed, newRecords: 0 };
    if (segment.start > committed) return { outcome: 'gap', committed, newRecords: 0 };
    if (!this.#hashMatches(segment)) return { outcome: 'mismatch', committed, newRecords: 0 };
    if (parser === null || context === null) {
      this.#setAside(generation, segment.start, segment.end, 'unknown-agent');
      this.#commitPosition(generation, segment, generation.lanes, { lines: 0, records: 0 });
      return { outcome: 'committed', committed: segment.end, newRecords: 0 };
    }
    if (segment.kind === 'blob') return this.#saveBlob(segment, generation, parser, context);
    // Before the lines are judged: what is still malformed is set aside anew.
    if (segment.kind === 'lines') this.#generations.recoverTail(generation, segment.start);
    const lines = new LineReader(segment.start, this.#options.maxLineBytes, generation.lanes, (line, lanes) =>
      this.#saveLine(line, generation, parser, context, lanes),
    );
    this.#options.archive.readChunks(segment.archivePath, segment.start, segment.end, (chunk) => {
      lines.push(chunk);
    });
    if (segment.kind === 'tail') {
      lines.readRest();
      this.#generations.rememberLanes(generation, lines.lanes);
      return { outcome: 'committed', committed, newRecords: lines.newRecords };
    }
    this.#commitPosition(generation, segment, lines.lanes, lines.counts);
    return { outcome: 'committed', committed: segment.end, newRecords: lines.newRecords };
  }

  #hashMatches(segment: Segment): boolean {
    const hash = createHash('sha256');
    try {
      this.#options.archive.readChunks(segment.archivePath, segment.start, segment.end, (chunk) => hash.update(chunk));
    } catch (error) {
      if (error instanceof EngineError && error.code === 'ARCHIVE_MISMATCH') return false;
      throw error;
    }
    return hash.digest('hex') === segment.sha256;
  }

  #saveBlob(
    segment: Segment,
    generation: GenerationRow,
    parser: TranscriptParser,
    context: TranscriptContext,
  ): SegmentResult {
    if (segment.end <= MAX_SIDECAR_BYTES) {
      const chunks: Buffer[] = [];
      this.#options.archive.readChunks(segment.archivePath, 0, segment.end, (chunk) => chunks.push(Buffer.from(chunk)));
      const link = parser.parseSidecar(context, Buffer.concat(chunks));
      if (link !== null) this.#sessions.linkSubagent(context.agent, link);
    }
    this.#commitPosition(generation, segment, generation.lanes, { lines: 0, records: 0 });
    return { outcome: 'committed', committed: segment.end, newRecords: 0 };
  }

  #commitPosition(
    generation: GenerationRow,
    segment: Segment,
    lanes: Lanes,
    counts: { lines: number; records: number },
  ): void {
    this.#generations.commit(generation, segment, lanes, counts, this.#options.now());
  }

  #setAside(generation: GenerationRow, start: number, end: number, reason: string): void {
    if (this.#generations.setAside(generation, start, end, reason, this.#options.now())) this.#quarantined += 1;
  }

  #countMinute(saved: number, errors: number): void {
    const minute = Math.floor(this.#options.now() / MINUTE_MS) * MINUTE_MS;
    this.#options.database
      .prepare(
        `INSERT INTO minute (minute, saved, errors) VALUES (?, ?, ?)
         ON CONFLICT (minute) DO UPDATE SET saved = saved + excluded.saved, errors = errors + excluded.errors`,
      )
      .run(minute, saved, errors);
  }

  #saveLine(
    line: Line,
    generation: GenerationRow,
    parser: TranscriptParser,
    context: TranscriptContext,
    lanes: Lanes,
  ): LineResult {
    if (line.bytes === null) {
      this.#setAside(generation, line.start, line.end, 'too-long');
      return { lanes, isRecord: false, isNew: false };
    }
    const parsed = parser.parseLine(line.bytes, context);
    switch (parsed.outcome) {
      case 'blank':
        return { lanes, isRecord: false, isNew: false };
      case 'malformed':
        return this.#saveMalformed(line, line.bytes, parsed.reason, generation, parser, context, lanes);
      case 'record':
        return this.#saveRecord(parsed.record, line, generation, context, lanes);
    }
  }

  /** The line is kept as a dead letter; a whole record that stands in it is saved all the same. */
  #saveMalformed(
    line: Line,
    bytes: Buffer,
    reason: string,
    generation: GenerationRow,
    parser: TranscriptParser,
    context: TranscriptContext,
    lanes: Lanes,
  ): LineResult {
    this.#setAside(generation, line.start, line.end, reason);
    const salvaged = parser.salvageLine(bytes, context);
    if (salvaged === null) return { lanes, isRecord: false, isNew: false };
    return this.#saveRecord(salvaged, line, generation, context, lanes);
  }

  #saveRecord(
    record: ParsedRecord,
    line: Line,
    generation: GenerationRow,
    context: TranscriptContext,
    lanes: Lanes,
  ): LineResult {
    const { agent } = context;
    const assembler = this.#assemblerOf(agent);
    const sessionId = record.sessionId ?? context.sessionId;
    if (sessionId !== null) this.#sessions.see(agent, sessionId, record);
    if (record.title !== null) this.#sessions.title(agent, record.title);
    const promptAt = record.role === 'prompt' ? record.at : null;
    const known = this.#records.find(agent, record.key);
    if (known !== undefined) {
      if (known.generation !== generation.id || known.start !== line.start) {
        this.#records.addOccurrence(generation.id, line.start, record.key);
      }
      if (known.exchange !== null && sessionId !== null)
        this.#sessions.holds(agent, sessionId, known.exchange, promptAt);
      const exchangeKey = known.exchange === null ? null : this.#exchanges.keyOf(known.exchange);
      return { lanes: assembler.touch(record, exchangeKey, lanes), isRecord: true, isNew: false };
    }
    const placement = assembler.place(record, context, lanes);
    for (const draft of placement.changed) this.#exchanges.put(draft, this.#options.now());
    const exchange = placement.exchangeKey === null ? null : this.#exchanges.idOf(agent, placement.exchangeKey);
    if (exchange !== null && sessionId !== null) this.#sessions.holds(agent, sessionId, exchange, promptAt);
    this.#records.insert({
      agent,
      record,
      generation: generation.id,
      start: line.start,
      length: line.end - line.start,
      exchange,
    });
    if (record.history !== null) this.#sessions.addHistory(agent, record.key, record.history);
    return { lanes: placement.lanes, isRecord: true, isNew: true };
  }

  #assemblerOf(agent: Agent): Assembler {
    const existing = this.#assemblers.get(agent);
    if (existing !== undefined) return existing;
    const assembler = this.#options.assemblerFor(agent, {
      exchangeOf: (recordKey) => {
        const id = this.#records.find(agent, recordKey)?.exchange ?? null;
        return id === null ? null : this.#exchanges.keyOf(id);
      },
      load: (exchangeKey) => this.#exchanges.load(agent, exchangeKey),
    });
    this.#assemblers.set(agent, assembler);
    return assembler;
  }
}
