import type { Exchange, ExchangeState } from '../../../shared/exchange.ts';

/** An exchange as `holdfast export` prints it. Other programs read this: never rename a field, only add. */
export interface ExportedExchange {
  /** Id of the record that holds the prompt. */
  readonly id: string;
  readonly agent: string;
  readonly session_id: string;
  readonly session_ids: readonly string[];
  readonly project: string | null;
  /** What the person typed, unaltered. */
  readonly prompt: string;
  /** The text of each text block of the answer, in order. */
  readonly answers: readonly string[];
  readonly tools: readonly { readonly name: string }[];
  readonly state: ExchangeState;
  /** ISO 8601 in UTC. */
  readonly started_at: string | null;
  readonly is_subagent: boolean;
}

/** Largest distance from 1970 that a date can hold, in ms. */
const MOST_MS = 8.64e15;

export function toExported(exchange: Exchange): ExportedExchange {
  const { parts, startedAt } = exchange;
  return {
    id: exchange.key,
    agent: exchange.agent,
    session_id: exchange.sessionId,
    session_ids: exchange.sessionIds,
    project: exchange.project,
    prompt: exchange.prompt,
    answers: parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])),
    tools: parts.flatMap((part) => (part.kind === 'tool' ? [{ name: part.name }] : [])),
    state: exchange.state,
    started_at: startedAt === null || !(Math.abs(startedAt) <= MOST_MS) ? null : new Date(startedAt).toISOString(),
    is_subagent: exchange.isSubagent,
  };
}

/** One line with its newline. */
export function toJsonLine(exchange: Exchange): string {
  return `${JSON.stringify(toExported(exchange))}\n`;
}
