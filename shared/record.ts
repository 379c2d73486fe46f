import type { Agent, ExchangePart } from './exchange.ts';
import type { MarkChanges, Marks } from './marks.ts';
import type { EpochMs } from './time.ts';

/** What a record does to the exchange it belongs to. */
export type RecordSignal = 'completed' | 'interrupted' | 'failed' | 'working';

/** A prompt as the agent kept it in its own prompt history, used to find prompts that no transcript holds. */
export interface HistoryPrompt {
  readonly text: string;
  readonly at: EpochMs | null;
  readonly project: string | null;
  readonly sessionId: string | null;
}

/** One parsed line of a transcript, in terms that do not depend on the agent. */
export interface ParsedRecord {
  /** The agent's own id of the record; where it has none, `#` and a hash of session and content. */
  readonly key: string;
  /** The agent's own word, `user`, `assistant`, `attachment/queued_command` …, for counting and drift. */
  readonly type: string;
  /** False for a type this version does not know: kept, counted as drift, shown to nobody as an answer. */
  readonly isKnownType: boolean;
  readonly sessionId: string | null;
  readonly parentKey: string | null;
  readonly at: EpochMs | null;
  readonly cwd: string | null;
  /** Separates conversations that are mixed in one file: `main`, or `agent:<id>` for a subagent written inline. */
  readonly lane: string;
  /**
   * - `prompt`: opens an exchange.
   * - `member`: belongs to the exchange of its parent, else to the one that is open in its lane.
   * - `session`: says something about a session only (title, mode …).
   */
  readonly role: 'prompt' | 'member' | 'session';
  /** Only for `prompt`: what the person typed. */
  readonly prompt: string | null;
  readonly parts: readonly ExchangePart[];
  readonly signal: RecordSignal | null;
  /** A title for the session; a later one replaces an earlier one of the same or a lower rank. */
  readonly title: { readonly text: string; readonly rank: number; readonly sessionId: string } | null;
  readonly history: HistoryPrompt | null;
  /**
   * For an agent that writes a record again when it has changed: order of its states, the highest stands; of equal ones the
   * one that stands further back in the file, or in a later generation of it. Absent: the record never changes, and what
   * comes again under its key is a copy.
   */
  readonly version?: number;
  /** What the adapter wants to remember from here on in this file; null forgets. Absent: nothing changes. */
  readonly marks?: MarkChanges;
  /**
   * Key of a record that was taken back, with everything after it in its lane; the exchanges are kept and marked. Of a
   * record that nobody knows: all of the lane.
   */
  readonly takesBack?: string;
}

/** Where a line stands, and what is remembered of the lines before it. */
export interface LinePlace {
  /** Of its first byte in the file. */
  readonly start: number;
  readonly marks: Marks;
}

/** A record with its place in the line or the document that holds it, in bytes; no two begin at the same one. */
export interface LocatedRecord {
  readonly record: ParsedRecord;
  readonly offset: number;
  readonly length: number;
}

/** What is known of a file before its first line is read. */
export interface TranscriptContext {
  readonly agent: Agent;
  readonly archivePath: string;
  /** Path below the agent's root, with forward slashes. */
  readonly relativePath: string;
  /** Session that the path itself names, if it does. */
  readonly sessionId: string | null;
  /** Set for a file that holds a subagent's conversation. */
  readonly subagentId: string | null;
  /** When the file was saved first: the best there is for agents that write no times. Absent: not known. */
  readonly firstSeenAt?: EpochMs;
}

export type MalformedReason =
  | 'not-json'
  | 'not-an-object'
  | 'invalid-utf8'
  | 'nul-bytes'
  | 'too-long'
  | 'too-deep'
  | 'damaged'
  | 'not-a-transcript';

/** Outcome of reading one line. Never thrown: a bad line is an ordinary event. */
export type LineOutcome =
  | { readonly outcome: 'record'; readonly record: ParsedRecord }
  /** A line that holds several records, or repeats them. */
  | { readonly outcome: 'records'; readonly records: readonly LocatedRecord[] }
  | { readonly outcome: 'blank' }
  | { readonly outcome: 'malformed'; readonly reason: MalformedReason };

/**
 * - `lines`: a transcript of lines, only ever added to.
 * - `document`: one text that its agent writes anew when something changes; read as a whole.
 */
export type FileKind = 'lines' | 'document';

/** A part of a document that is no record. */
export interface MalformedRange {
  readonly malformed: MalformedReason;
  readonly offset: number;
  readonly length: number;
}

/** Outcome of reading a document. `malformed` also stands for one that is written right now and not whole yet. */
export type DocumentOutcome =
  | { readonly outcome: 'records'; readonly records: Iterable<LocatedRecord | MalformedRange> }
  | { readonly outcome: 'malformed'; readonly reason: MalformedReason };

/** What a sidecar file says about a subagent. */
export interface SubagentLink {
  readonly subagentId: string;
  readonly sessionId: string;
  readonly toolUseId: string | null;
  readonly description: string | null;
}

/** What was put into a tool, or what came out of it, whole. */
export interface ToolBody {
  readonly kind: 'input' | 'output';
  /** The agent's own id of the use; null where it has none. */
  readonly useId: string | null;
  readonly text: string;
}
