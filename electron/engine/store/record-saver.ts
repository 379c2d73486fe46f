/**
 * Saves lines: parses each, finds out whether its record is known, and places what is new. In: lines of a file in their
 * order. Out: rows of records and sessions at once, of exchanges when the batch is finished.
 */
import type { Agent, ExchangeDraft } from '../../../shared/exchange.ts';
import type { ParsedRecord, SubagentLink, TranscriptContext } from '../../../shared/record.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { InvariantError } from '../core/errors.ts';
import type { Line } from '../core/line-splitter.ts';
import { CounterTable } from './counter-table.ts';
import type { Database } from './database.ts';
import { ExchangeTable } from './exchange-table.ts';
import type { Lanes, LineResult } from './line-reader.ts';
import { RecordTable } from './record-table.ts';
import type { Assembler, AssemblerFactory, OwnerRule, TranscriptParser } from './saver-ports.ts';
import { SessionTable } from './session-table.ts';

export interface RecordSaverOptions {
  readonly database: Database;
  readonly assemblerFor: AssemblerFactory;
  readonly ownerOf: OwnerRule;
  readonly now: () => EpochMs;
}

/** The file that is being read. */
export interface OpenFile {
  readonly generation: number;
  readonly parser: TranscriptParser;
  readonly context: TranscriptContext;
  /** Called for a line that is no record. */
  readonly setAside: (line: Line, reason: string) => void;
}

export class RecordSaver {
  readonly #options: RecordSaverOptions;
  readonly #counters: CounterTable;
  readonly #records: RecordTable;
  readonly #sessions: SessionTable;
  readonly #exchanges: ExchangeTable;
  readonly #assemblers = new Map<Agent, Assembler>();

  constructor(options: RecordSaverOptions) {
    const { database } = options;
    this.#options = options;
    this.#counters = new CounterTable(database);
    this.#records = new RecordTable(database, this.#counters);
    this.#sessions = new SessionTable(database, this.#counters);
    this.#exchanges = new ExchangeTable(database, this.#sessions, this.#counters);
  }

  /** Drops everything that is remembered: after a rollback it may not be in the database any more. */
  forget(): void {
    for (const table of [this.#counters, this.#records, this.#sessions, this.#exchanges]) table.forget();
  }

  /** Writes what was collected. @returns how many exchanges are new or different */
  finish(): number {
    const changed = this.#exchanges.flush(this.#options.now());
    this.#sessions.flush();
    for (const { agent, key, candidates } of this.#sessions.takeShared()) {
      const owner = this.#options.ownerOf(candidates);
      if (owner !== null) this.#exchanges.setOwner(agent, key, owner.sessionId, owner.promptAt);
    }
    this.#counters.flush();
    return changed;
  }

  linkSubagent(agent: Agent, link: SubagentLink): void {
    this.#sessions.linkSubagent(agent, link);
  }

  saveLine(line: Line, file: OpenFile, lanes: Lanes): LineResult {
    if (line.bytes === null) {
      file.setAside(line, 'too-long');
      return { lanes, isRecord: false, isNew: false };
    }
    const parsed = file.parser.parseLine(line.bytes, file.context);
    switch (parsed.outcome) {
      case 'blank':
        return { lanes, isRecord: false, isNew: false };
      case 'malformed':
        // Kept as a dead letter; a whole record that stands in it is saved all the same.
        file.setAside(line, parsed.reason);
        return this.#saveSalvaged(file.parser.salvageLine(line.bytes, file.context), line, file, lanes);
      case 'record':
        return this.#saveRecord(parsed.record, line, file, lanes);
    }
  }

  #saveSalvaged(record: ParsedRecord | null, line: Line, file: OpenFile, lanes: Lanes): LineResult {
    return record === null ? { lanes, isRecord: false, isNew: false } : this.#saveRecord(record, line, file, lanes);
  }

  #saveRecord(record: ParsedRecord, line: Line, file: OpenFile, lanes: Lanes): LineResult {
    const { agent, sessionId } = file.context;
    this.#see(record, agent, record.sessionId ?? sessionId);
    // Most records are new, and their insert says so. A prompt is looked up first: its insert would need its exchange.
    const early = record.role === 'prompt' ? this.#records.find(agent, record.key) : undefined;
    const saved = early === undefined ? this.#saveNew(record, line, file, lanes) : null;
    if (saved !== null) return saved;
    const known = early ?? this.#records.find(agent, record.key);
    if (known === undefined) throw new InvariantError('a record is known and cannot be found');
    if (known.generation !== file.generation || known.start !== line.start) {
      this.#records.addOccurrence(file.generation, line.start, record.key);
    }
    if (known.exchange !== null) this.#hold(record, agent, record.sessionId ?? sessionId, known.exchange);
    const exchangeKey = known.exchange === null ? null : this.#exchanges.keyOf(known.exchange);
    return { lanes: this.#assemblerOf(agent).touch(record, exchangeKey, lanes), isRecord: true, isNew: false };
  }

  /** @returns null when the record is known: nothing was changed */
  #saveNew(record: ParsedRecord, line: Line, { context, generation }: OpenFile, lanes: Lanes): LineResult | null {
    const { agent } = context;
    const placement = this.#assemblerOf(agent).place(record, context, lanes);
    if (placement.opens) this.#put(placement.changed);
    const exchange = placement.exchangeKey === null ? null : this.#exchanges.idOf(agent, placement.exchangeKey);
    const length = line.end - line.start;
    if (!this.#records.insert({ agent, record, generation, start: line.start, length, exchange })) return null;
    if (!placement.opens) this.#put(placement.changed);
    if (exchange !== null) this.#hold(record, agent, record.sessionId ?? context.sessionId, exchange);
    if (record.history !== null) this.#sessions.addHistory(agent, record.key, record.history);
    return { lanes: placement.lanes, isRecord: true, isNew: true };
  }

  #put(drafts: readonly ExchangeDraft[]): void {
    for (const draft of drafts) this.#exchanges.put(draft, this.#options.now());
  }

  #see(record: ParsedRecord, agent: Agent, sessionId: string | null): void {
    if (sessionId !== null) this.#sessions.see(agent, sessionId, record);
    if (record.title !== null) this.#sessions.title(agent, record.title);
  }

  /** @param sessionId null: the record and its file name none; then it is the one under which the exchange is kept */
  #hold(record: ParsedRecord, agent: Agent, sessionId: string | null, exchange: number): void {
    const holder = sessionId ?? this.#exchanges.load(agent, this.#exchanges.keyOf(exchange))?.sessionId;
    if (holder === undefined) return;
    this.#sessions.holds(agent, holder, exchange, record.role === 'prompt' ? record.at : null);
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
