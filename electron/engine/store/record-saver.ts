/**
 * Saves lines: parses each, finds out whether its record is known, and places what is new. In: lines of a file in their
 * order. Out: rows of records and sessions at once, of exchanges when the batch is finished.
 */
import type { Agent, ExchangeDraft } from '../../../shared/exchange.ts';
import { withMarks } from '../../../shared/marks.ts';
import type { LocatedRecord, ParsedRecord, SubagentLink, TranscriptContext } from '../../../shared/record.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { InvariantError } from '../core/errors.ts';
import type { Line } from '../core/line-splitter.ts';
import { CounterTable } from './counter-table.ts';
import type { Database } from './database.ts';
import type { ByteRange } from './dead-letter-table.ts';
import { ExchangeTable } from './exchange-table.ts';
import type { Lanes, LineResult } from './line-reader.ts';
import { RecordTable, type KnownRecord } from './record-table.ts';
import type { Assembler, AssemblerFactory, OwnerRule, TranscriptParser } from './saver-ports.ts';
import { SessionTable } from './session-table.ts';
import { VersionTable, type GenerationOrder } from './version-table.ts';

export interface RecordSaverOptions {
  readonly database: Database;
  readonly assemblerFor: AssemblerFactory;
  readonly ownerOf: OwnerRule;
  readonly generationOrder: GenerationOrder;
  readonly now: () => EpochMs;
}

/** The file that is being read. */
export interface OpenFile {
  readonly generation: number;
  readonly parser: TranscriptParser;
  readonly context: TranscriptContext;
  /** Called for a line that is no record. */
  readonly setAside: (range: ByteRange, reason: string) => void;
}

const NOTHING = { records: 0, newRecords: 0 } as const;

export class RecordSaver {
  readonly #options: RecordSaverOptions;
  readonly #counters: CounterTable;
  readonly #records: RecordTable;
  readonly #versions: VersionTable;
  readonly #sessions: SessionTable;
  readonly #exchanges: ExchangeTable;
  readonly #assemblers = new Map<Agent, Assembler>();

  constructor(options: RecordSaverOptions) {
    const { database } = options;
    this.#options = options;
    this.#counters = new CounterTable(database);
    this.#records = new RecordTable(database, this.#counters);
    this.#versions = new VersionTable(database, options.generationOrder);
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
      return { lanes, ...NOTHING };
    }
    const place = { start: line.start, marks: lanes };
    const parsed = file.parser.parseLine(line.bytes, file.context, place);
    switch (parsed.outcome) {
      case 'blank':
        return { lanes, ...NOTHING };
      case 'malformed':
        // Kept as a dead letter; a whole record that stands in it is saved all the same.
        file.setAside(line, parsed.reason);
        return this.#saveSalvaged(file.parser.salvageLine(line.bytes, file.context, place), line, file, lanes);
      case 'record':
        return this.#saveRecord(parsed.record, line, file, lanes);
      case 'records':
        return this.saveRecords(parsed.records, line.start, file, lanes);
    }
  }

  /** Saves the records of a line or of a document. @param start where that begins in its file */
  saveRecords(records: Iterable<LocatedRecord>, start: number, file: OpenFile, lanes: Lanes): LineResult {
    const result = { lanes, records: 0, newRecords: 0 };
    for (const { record, offset, length } of records) {
      const range = { start: start + offset, end: start + offset + length };
      const saved = this.#saveRecord(record, range, file, result.lanes);
      result.lanes = saved.lanes;
      result.records += saved.records;
      result.newRecords += saved.newRecords;
    }
    return result;
  }

  #saveSalvaged(record: ParsedRecord | null, line: Line, file: OpenFile, lanes: Lanes): LineResult {
    return record === null ? { lanes, ...NOTHING } : this.#saveRecord(record, line, file, lanes);
  }

  #saveRecord(record: ParsedRecord, range: ByteRange, file: OpenFile, before: Lanes): LineResult {
    const lanes = withMarks(before, record.marks);
    const { agent, sessionId } = file.context;
    this.#see(record, agent, record.sessionId ?? sessionId);
    // Most records are new, and their insert says so. A prompt is looked up first: its insert would need its exchange.
    const early = record.role === 'prompt' ? this.#records.find(agent, record.key) : undefined;
    const saved = early === undefined ? this.#saveNew(record, range, file, lanes) : null;
    if (saved !== null) return saved;
    const known = early ?? this.#records.find(agent, record.key);
    if (known === undefined) throw new InvariantError('a record is known and cannot be found');
    if (this.#isNewer(record, range, file, known)) return this.#saveNewer(record, range, file, lanes, known);
    if (known.generation !== file.generation || known.start !== range.start) {
      this.#records.addOccurrence(file.generation, range.start, record.key);
    }
    if (known.generation !== file.generation && known.exchange !== null) {
      const left = this.#assemblerOf(agent).leave(record, this.#exchanges.keyOf(known.exchange), lanes);
      this.#put(left);
    }
    return { lanes: this.#follow(record, known.exchange, file, lanes), records: 1, newRecords: 0 };
  }

  /** A known record comes again: its session holds its exchange, and the lanes follow. */
  #follow(record: ParsedRecord, exchange: number | null, { context }: OpenFile, lanes: Lanes): Lanes {
    const { agent } = context;
    if (exchange !== null) this.#hold(record, agent, record.sessionId ?? context.sessionId, exchange);
    const exchangeKey = exchange === null ? null : this.#exchanges.keyOf(exchange);
    return this.#assemblerOf(agent).touch(record, exchangeKey, lanes);
  }

  #isNewer(record: ParsedRecord, range: ByteRange, file: OpenFile, known: KnownRecord): boolean {
    const { version } = record;
    if (version === undefined) return false;
    const state = { version, generation: file.generation, start: range.start };
    return this.#versions.isNewer(file.context.agent, record.key, state, known);
  }

  #saveNewer(record: ParsedRecord, range: ByteRange, file: OpenFile, before: Lanes, known: KnownRecord): LineResult {
    const { agent } = file.context;
    let { exchange } = known;
    let lanes = before;
    if (exchange === null) {
      // What said nothing to any exchange so far may do so now.
      const placement = this.#assemblerOf(agent).place(record, file.context, lanes);
      this.#put(placement.changed);
      exchange = placement.exchangeKey === null ? null : this.#exchanges.idOf(agent, placement.exchangeKey);
      ({ lanes } = placement);
    } else {
      const changed = this.#assemblerOf(agent).update(record, this.#exchanges.keyOf(exchange));
      if (changed !== null) this.#put([changed]);
    }
    this.#records.move(this.#row(record, range, file, exchange), known);
    this.#rememberVersion(record, agent);
    return { lanes: this.#follow(record, exchange, file, lanes), records: 1, newRecords: 0 };
  }

  /** @returns null when the record is known: nothing was changed */
  #saveNew(record: ParsedRecord, range: ByteRange, file: OpenFile, lanes: Lanes): LineResult | null {
    const { agent, sessionId } = file.context;
    const placement = this.#assemblerOf(agent).place(record, file.context, lanes);
    if (placement.opens) this.#put(placement.changed);
    const exchange = placement.exchangeKey === null ? null : this.#exchanges.idOf(agent, placement.exchangeKey);
    if (!this.#records.insert(this.#row(record, range, file, exchange))) return null;
    if (!placement.opens) this.#put(placement.changed);
    if (exchange !== null) this.#hold(record, agent, record.sessionId ?? sessionId, exchange);
    this.#rememberVersion(record, agent);
    if (record.history !== null) this.#sessions.addHistory(agent, record.key, record.history);
    return { lanes: placement.lanes, records: 1, newRecords: 1 };
  }

  #row(record: ParsedRecord, { start, end }: ByteRange, { context, generation }: OpenFile, exchange: number | null) {
    return { agent: context.agent, record, generation, start, length: end - start, exchange };
  }

  #rememberVersion(record: ParsedRecord, agent: Agent): void {
    if (record.version !== undefined) this.#versions.set(agent, record.key, record.version);
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
    const promptAt = record.role === 'prompt' ? record.at : null;
    if (sessionId !== null && this.#sessions.isKnownToHold(agent, sessionId, exchange, promptAt)) return;
    const draft = this.#exchanges.load(agent, this.#exchanges.keyOf(exchange));
    if (draft === null) return;
    const held = { id: exchange, isSubagent: draft.isSubagent };
    this.#sessions.holds(agent, sessionId ?? draft.sessionId, held, promptAt);
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
