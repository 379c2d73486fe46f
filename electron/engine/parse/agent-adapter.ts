import type { Agent } from '../../../shared/exchange.ts';
import type { LineOutcome, ParsedRecord, SubagentLink, TranscriptContext } from '../../../shared/record.ts';

/**
 * All that Holdfast knows about one agent's transcripts. Pure: no files, no clock, nothing kept between calls; nothing
 * that stands in a file makes it throw.
 */
export interface AgentAdapter {
  readonly agent: Agent;
  /**
   * What the place of a file says about it.
   * @param relativePath below the agent's root with forward slashes, e.g. `projects/-home-ana-work/<session>.jsonl`
   */
  contextOf(archivePath: string, relativePath: string): TranscriptContext;
  /** Reads one line. @param line without its 0x0A; a trailing 0x0D and a byte order mark are tolerated */
  parseLine(line: Buffer, context: TranscriptContext): LineOutcome;
  /**
   * What can be saved of a malformed line: a writer that was killed leaves an unfinished record, and the next one starts
   * behind it on the same line; a crash of the file system leaves runs of NUL. The line stays malformed all the same.
   * @returns the whole record found in it, or null
   */
  salvageLine(line: Buffer, context: TranscriptContext): ParsedRecord | null;
  /** Reads a file that lies beside a transcript; null if it links no subagent. */
  parseSidecar(context: TranscriptContext, bytes: Buffer): SubagentLink | null;
}
