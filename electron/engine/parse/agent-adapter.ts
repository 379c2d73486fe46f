import type { Agent } from '../../../shared/exchange.ts';
import type {
  DocumentOutcome,
  FileKind,
  LineOutcome,
  LinePlace,
  ParsedRecord,
  SubagentLink,
  ToolBody,
  TranscriptContext,
} from '../../../shared/record.ts';

/**
 * All that Holdfast knows about one agent's transcripts. Pure: no files, no clock, nothing kept between calls; nothing
 * that stands in a file makes it throw.
 *
 * Agents differ in two ways besides their words:
 * - A file is added to (`lines`) or written anew (`document`: whole-file JSON, a compressed transcript). A document needs the
 *   same kind in `capture/source-layout.ts`, which lets it settle before it is archived and makes each rewriting a
 *   generation. The saver then hands its bytes to {@link AgentAdapter.parseDocument}, over and over; records are known by
 *   their keys, so that a second reading adds only what is new.
 * - A record stands once and for all, or is written again when it changed. The second kind carries `version`: the newer
 *   state takes the place of the older one in its exchange. Where the agent says no number or time of its own, the same
 *   number for all states lets their order in the file decide.
 */
export interface AgentAdapter {
  readonly agent: Agent;
  /**
   * What the place of a file says about it.
   * @param relativePath below the agent's root with forward slashes, e.g. `projects/-home-ana-work/<session>.jsonl`
   */
  contextOf(archivePath: string, relativePath: string): TranscriptContext;
  /** How a file is written; sidecars are not asked about. */
  fileKind(relativePath: string): FileKind;

  /** Reads a whole document. Records come one by one, so that a large one need not stand in memory twice. */
  parseDocument(bytes: Buffer, context: TranscriptContext): DocumentOutcome;

  /** Reads one line. @param line without its 0x0A; a trailing 0x0D and a byte order mark are tolerated */
  parseLine(line: Buffer, context: TranscriptContext, place: LinePlace): LineOutcome;
  /**
   * What can be saved of a malformed line: a writer that was killed leaves an unfinished record, and the next one starts
   * behind it on the same line; a crash of the file system leaves runs of NUL. The line stays malformed all the same.
   * @returns the whole record found in it, or null
   */
  salvageLine(line: Buffer, context: TranscriptContext, place: LinePlace): ParsedRecord | null;
  /** Reads a file that lies beside a transcript; null if it links no subagent. */
  parseSidecar(context: TranscriptContext, bytes: Buffer): SubagentLink | null;
  /**
   * What a saved record holds of tools, whole; nothing for any other line.
   * @param line as {@link parseLine} took it
   */
  readBodies(line: Buffer, context: TranscriptContext): readonly ToolBody[];
  /**
   * The plain text of a file that is kept compressed; places of its records are places in that text.
   * @returns null for a file that is plain
   */
  unpack?(bytes: Buffer, relativePath: string): Buffer | null;
}
