import type { EpochMs } from './time.ts';

/** Agents whose transcripts are recorded. */
export const AGENTS = ['claude-code', 'gemini-cli', 'codex', 'copilot-cli', 'cursor', 'opencode'] as const;
export type Agent = (typeof AGENTS)[number];

/**
 * How an exchange stands.
 * - `open`: the agent may still add to it.
 * - `complete`: the agent ended its turn.
 * - `interrupted`: the person, or a crash, ended it.
 * - `error`: the model's service refused or failed for good.
 */
export const EXCHANGE_STATES = ['open', 'complete', 'interrupted', 'error'] as const;
export type ExchangeState = (typeof EXCHANGE_STATES)[number];

/** One piece of an exchange, in the order in which it was written. Bodies of tools stay in the archive. */
export type ExchangePart =
  | { readonly kind: 'text'; readonly text: string; readonly messageId: string | null; readonly record: string }
  | { readonly kind: 'thinking'; readonly text: string; readonly messageId: string | null; readonly record: string }
  | {
      readonly kind: 'tool';
      readonly name: string;
      /** One line that says what was done, for example the command or the file; at most 200 characters. */
      readonly summary: string;
      readonly useId: string | null;
      readonly messageId: string | null;
      readonly record: string;
    }
  | {
      readonly kind: 'tool-result';
      readonly useId: string | null;
      readonly isError: boolean;
      /** Size of the record that holds the body, in bytes. */
      readonly sizeBytes: number;
      readonly record: string;
    }
  | {
      /** Something that people want to see in the place where it happened, and which is neither prompt nor answer. */
      readonly kind: 'notice';
      readonly notice: 'compacted' | 'interrupted' | 'service-error' | 'command-output' | 'context';
      readonly text: string;
      readonly record: string;
    };

/** A human prompt with everything up to the next one on the same branch. Unique by agent and `key`. */
export interface Exchange {
  /** Id of the record that holds the prompt. */
  readonly key: string;
  readonly agent: Agent;
  /** The session in which it was asked. */
  readonly sessionId: string;
  /** Every session that holds it: forks and resumed copies share their past. */
  readonly sessionIds: readonly string[];
  /** Working directory at the time of the prompt; never decoded from a folder name. */
  readonly project: string | null;
  /** What the person typed, unaltered; `/name args` for a slash command. */
  readonly prompt: string;
  readonly parts: readonly ExchangePart[];
  readonly state: ExchangeState;
  readonly startedAt: EpochMs | null;
  readonly endedAt: EpochMs | null;
  /** Number of records it is made of. Only grows. */
  readonly revision: number;
  readonly isSubagent: boolean;
  /** The agent's own id of the subagent; null in the main conversation. */
  readonly subagentId: string | null;
  /** True when the conversation went back behind it (a rewind, an edited prompt) and on from there. Absent: it did not. */
  readonly isAbandoned?: boolean;
}

/** A row of a list of exchanges. */
export interface ExchangeSummary {
  readonly key: string;
  readonly sessionId: string;
  readonly title: string;
  readonly project: string | null;
  readonly startedAt: EpochMs | null;
  readonly savedAt: EpochMs;
  readonly revision: number;
  readonly state: ExchangeState;
  readonly isSubagent: boolean;
}

export interface SessionSummary {
  readonly id: string;
  readonly agent: Agent;
  readonly title: string;
  readonly project: string | null;
  readonly startedAt: EpochMs | null;
  readonly lastAt: EpochMs | null;
  readonly exchanges: number;
  readonly subagentExchanges: number;
  /** False when no transcript of the session is left on disk: Holdfast's copy is the only one. */
  readonly sourcePresent: boolean;
}

export interface SearchHit {
  readonly exchange: ExchangeSummary;
  /** Text around the first hits. Hits stand between U+E000 and U+E001, so that no markup is mixed with text. */
  readonly snippet: string;
  /** Smaller for older exchanges; `before` of the next search, for the hits that follow. */
  readonly cursor: number;
}

/** Marks around hits in {@link SearchHit.snippet}: private-use characters, which transcripts practically never hold. */
export const HIT_START = '\uE000';
export const HIT_END = '\uE001';

/** An exchange while it grows. Which further sessions hold it is kept apart. */
export type ExchangeDraft = Omit<Exchange, 'sessionIds'> & {
  /** The lane in which it was asked; see `ParsedRecord.lane`. */
  readonly lane: string;
  /** Key of the exchange whose turn took this prompt in while it ran; null for one with a turn of its own. */
  readonly absorbedBy: string | null;
  /** Key of the exchange before it on its branch; null or absent: it is the first. */
  readonly after?: string | null;
  /** Keys of its records that may change, in the order in which they came first: where the parts of each belong. */
  readonly members?: readonly string[];
};
