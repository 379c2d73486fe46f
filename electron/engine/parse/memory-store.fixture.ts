import type { ExchangeDraft } from '../../../shared/exchange.ts';
import type { ParsedRecord, TranscriptContext } from '../../../shared/record.ts';
import type { AgentAdapter } from './agent-adapter.ts';
import { ExchangeAssembler, type ExchangeIndex, type Lanes } from './exchange-assembler.ts';
import { preferredOwner, withOwner, type OwnerCandidate } from './exchange-owner.ts';

interface Occurrence {
  readonly sessionId: string;
  readonly at: number | null;
}

/** What a store does around the parser, in memory and as plainly as possible. Everything passes through JSON. */
export class MemoryStore implements ExchangeIndex {
  readonly malformed: string[] = [];
  readonly unknownTypes = new Set<string>();
  readonly records = new Map<string, ParsedRecord>();
  readonly #adapter: AgentAdapter;
  readonly #exchanges = new Map<string, string | null>();
  readonly #drafts = new Map<string, string>();
  readonly #lanes = new Map<string, Lanes>();
  readonly #occurrences = new Map<string, Occurrence[]>();
  readonly #assembler: ExchangeAssembler;

  constructor(adapter: AgentAdapter) {
    this.#adapter = adapter;
    this.#assembler = new ExchangeAssembler(this);
  }

  exchangeOf(recordKey: string): string | null {
    return this.#exchanges.get(recordKey) ?? null;
  }

  load(exchangeKey: string): ExchangeDraft | null {
    const draft = this.#drafts.get(exchangeKey);
    return draft === undefined ? null : (JSON.parse(draft) as ExchangeDraft);
  }

  /** Reads lines of the file at `relativePath`, going on where the last call for it ended. */
  read(relativePath: string, lines: readonly Buffer[]): void {
    const context = this.#adapter.contextOf(`claude-code/root/${relativePath}`, relativePath);
    for (const line of lines) {
      const outcome = this.#adapter.parseLine(line, context, { start: 0, marks: {} });
      if (outcome.outcome === 'malformed') this.malformed.push(outcome.reason);
      if (outcome.outcome === 'record') this.#save(outcome.record, context);
    }
  }

  /** Every exchange under its owner, by session and time. */
  exchanges(): readonly ExchangeDraft[] {
    const owned = [...this.#drafts.keys()].map((key) => {
      const draft = this.load(key);
      const owner = draft === null ? null : preferredOwner(this.#candidates(key));
      if (draft === null || owner === null) throw new Error(`no owner for ${key}`);
      return withOwner(draft, owner);
    });
    return owned.sort((a, b) => a.sessionId.localeCompare(b.sessionId) || (a.startedAt ?? 0) - (b.startedAt ?? 0));
  }

  sessionsOf(exchangeKey: string): readonly string[] {
    return [...new Set(this.#occurrences.get(exchangeKey)?.map((occurrence) => occurrence.sessionId))].sort();
  }

  #save(record: ParsedRecord, context: TranscriptContext): void {
    const lanes = this.#lanes.get(context.archivePath) ?? {};
    const sessionId = record.sessionId ?? context.sessionId ?? 'unknown';
    this.#occurrences.set(record.key, [...(this.#occurrences.get(record.key) ?? []), { sessionId, at: record.at }]);
    if (!record.isKnownType) this.unknownTypes.add(record.type);
    if (this.records.has(record.key)) {
      this.#keepLanes(context, this.#assembler.touch(record, this.exchangeOf(record.key), lanes));
      return;
    }
    const placement = this.#assembler.place(record, context, lanes);
    this.records.set(record.key, record);
    this.#exchanges.set(record.key, placement.exchangeKey);
    for (const draft of placement.changed) this.#drafts.set(draft.key, JSON.stringify(draft));
    this.#keepLanes(context, placement.lanes);
  }

  #keepLanes(context: TranscriptContext, lanes: Lanes): void {
    this.#lanes.set(context.archivePath, JSON.parse(JSON.stringify(lanes)) as Lanes);
  }

  #candidates(exchangeKey: string): readonly OwnerCandidate[] {
    return (this.#occurrences.get(exchangeKey) ?? []).map(({ sessionId, at }) => ({
      sessionId,
      promptAt: at,
      ownSince: this.#ownSince(sessionId),
    }));
  }

  #ownSince(sessionId: string): number | null {
    const own = [...this.#occurrences.values()]
      .filter((occurrences) => occurrences.every((occurrence) => occurrence.sessionId === sessionId))
      .flatMap((occurrences) => occurrences.map((occurrence) => occurrence.at).filter((at) => at !== null));
    return own.length === 0 ? null : Math.min(...own);
  }
}
