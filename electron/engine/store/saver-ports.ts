/** What saving needs from other stages. */
import type { Agent, ExchangeDraft } from '../../../shared/exchange.ts';
import type {
  DocumentOutcome,
  FileKind,
  LineOutcome,
  LinePlace,
  ParsedRecord,
  SubagentLink,
  TranscriptContext,
} from '../../../shared/record.ts';
import type { EpochMs } from '../../../shared/time.ts';
import type { Lanes } from './line-reader.ts';
import type { SharedExchange } from './session-table.ts';

/** Reads archived bytes. Throws ARCHIVE_MISMATCH when they are not all there. */
export interface RangeReader {
  /** @param use gets the bytes in order; a chunk is valid until the next call */
  readChunks(archivePath: string, start: number, end: number, use: (chunk: Buffer) => void): void;
}

/** Understands one agent's files. Never throws for bad input. */
export interface TranscriptParser {
  contextOf(archivePath: string, relativePath: string): TranscriptContext;
  fileKind(relativePath: string): FileKind;
  parseLine(line: Buffer, context: TranscriptContext, place: LinePlace): LineOutcome;
  /** Reads a file of the kind `document` as a whole. */
  parseDocument(bytes: Buffer, context: TranscriptContext): DocumentOutcome;
  /** A whole record that stands in a malformed line, or null. */
  salvageLine(line: Buffer, context: TranscriptContext, place: LinePlace): ParsedRecord | null;
  parseSidecar(context: TranscriptContext, bytes: Buffer): SubagentLink | null;
}

export interface Placement {
  readonly exchangeKey: string | null;
  /** Whether the exchange is a new one, which must stand before a record can point at it. */
  readonly opens: boolean;
  readonly lanes: Lanes;
  /** Every exchange that is new or different now. */
  readonly changed: readonly ExchangeDraft[];
}

/** Decides which exchange a record belongs to, and how an exchange grows. Pure. */
export interface Assembler {
  /** Places a record that is new. */
  place(record: ParsedRecord, context: TranscriptContext, lanes: Lanes): Placement;
  /** A record that is already saved comes again (fork, resumed copy, replay): only the lanes follow. */
  touch(record: ParsedRecord, exchangeKey: string | null, lanes: Lanes): Lanes;
  /** A known prompt comes in another file. @returns the exchanges that were left behind by going back to it */
  leave(record: ParsedRecord, exchangeKey: string, lanes: Lanes): readonly ExchangeDraft[];
  /** A newer state of a record that is saved. @returns the exchange if it is different now */
  update(record: ParsedRecord, exchangeKey: string): ExchangeDraft | null;
}

/** What the assembler may ask about records saved so far. */
export interface ExchangeIndex {
  exchangeOf(recordKey: string): string | null;
  load(exchangeKey: string): ExchangeDraft | null;
}

export type AssemblerFactory = (agent: Agent, index: ExchangeIndex) => Assembler;

/** The session in which an exchange was asked, of several that hold it. */
export type OwnerRule = (
  candidates: SharedExchange['candidates'],
) => { readonly sessionId: string; readonly promptAt: EpochMs | null } | null;
