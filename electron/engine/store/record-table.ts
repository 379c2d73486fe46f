import type { Agent } from '../../../shared/exchange.ts';
import { AGENTS } from '../../../shared/exchange.ts';
import type { ParsedRecord } from '../../../shared/record.ts';
import { InvariantError } from '../core/errors.ts';
import type { CounterTable } from './counter-table.ts';
import type { Database, Statement } from './database.ts';
import { packRecordKey } from './record-key.ts';

export interface KnownRecord {
  readonly generation: number;
  readonly start: number;
  readonly exchange: number | null;
}

export interface NewRecord {
  readonly agent: Agent;
  readonly record: ParsedRecord;
  readonly generation: number;
  readonly start: number;
  readonly length: number;
  readonly exchange: number | null;
}

/** Enough for the parents of everything that is written at the same time; an entry is some 200 bytes. */
const REMEMBERED_RECORDS = 20_000;

/**
 * The last records by key. Forgets the older half at a time: a map that loses its oldest entry for each new one spends more
 * time on the gaps than on the entries.
 */
class RecentRecords {
  #younger = new Map<string, KnownRecord>();
  #older: ReadonlyMap<string, KnownRecord> = new Map();

  get(key: string): KnownRecord | undefined {
    return this.#younger.get(key) ?? this.#older.get(key);
  }

  set(key: string, known: KnownRecord): void {
    if (this.#younger.size >= REMEMBERED_RECORDS / 2) {
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(key, known);
  }
}

/** Rows of `record` and `occurrence`. */
export class RecordTable {
  readonly #counters: CounterTable;
  readonly #recent = new Map<Agent, RecentRecords>();
  readonly #types = new Map<Agent, Map<string, number>>();
  readonly #find: Statement<[Buffer, number], KnownRecord>;
  readonly #insert: Statement<unknown[], unknown>;
  readonly #move: Statement<unknown[], unknown>;
  readonly #occur: Statement<unknown[], unknown>;
  readonly #insertType: Statement<[string, string, number], unknown>;
  readonly #findType: Statement<[string, string], { readonly id: number }>;

  constructor(database: Database, counters: CounterTable) {
    this.#counters = counters;
    this.#find = database.prepare('SELECT generation, start, exchange FROM record WHERE key = ? AND agent = ?');
    this.#insert = database.prepare(
      'INSERT OR IGNORE INTO record (key, agent, type, generation, start, length, exchange, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#move = database.prepare(
      'UPDATE record SET type = ?, generation = ?, start = ?, length = ?, exchange = ?, at = ? WHERE key = ? AND agent = ?',
    );
    this.#occur = database.prepare('INSERT OR IGNORE INTO occurrence (generation, start, key) VALUES (?, ?, ?)');
    this.#insertType = database.prepare('INSERT OR IGNORE INTO record_type (agent, name, is_known) VALUES (?, ?, ?)');
    this.#findType = database.prepare('SELECT id FROM record_type WHERE agent = ? AND name = ?');
  }

  forget(): void {
    this.#recent.clear();
    this.#types.clear();
  }

  find(agent: Agent, key: string): KnownRecord | undefined {
    const recent = this.#recent.get(agent)?.get(key);
    if (recent !== undefined) return recent;
    const found = this.#find.get(packRecordKey(key), agentNumber(agent));
    if (found !== undefined) this.#remember(agent, key, found);
    return found;
  }

  /** Asks the unique key instead of looking first. @returns false when the record is known: nothing was changed */
  insert(row: NewRecord): boolean {
    const { record, agent, generation, start, exchange } = row;
    if (this.#recent.get(agent)?.get(record.key) !== undefined) return false;
    const { changes } = this.#insert.run(
      packRecordKey(record.key),
      agentNumber(agent),
      this.#typeOf(agent, record),
      generation,
      start,
      row.length,
      exchange,
      record.at,
    );
    if (changes === 0) return false;
    this.#counters.add('records', 1);
    this.#remember(agent, record.key, { generation, start, exchange });
    return true;
  }

  /** A newer state of a record stands in for the one before, whose place is kept as an occurrence. */
  move(row: NewRecord, before: KnownRecord): void {
    const { agent, record, generation, start, length, exchange } = row;
    this.addOccurrence(before.generation, before.start, record.key);
    const key = packRecordKey(record.key);
    const type = this.#typeOf(agent, record);
    this.#move.run(type, generation, start, length, exchange, record.at, key, agentNumber(agent));
    this.#remember(agent, record.key, { generation, start, exchange });
  }

  addOccurrence(generation: number, start: number, key: string): void {
    this.#occur.run(generation, start, packRecordKey(key));
  }

  #remember(agent: Agent, key: string, known: KnownRecord): void {
    const recent = this.#recent.get(agent) ?? new RecentRecords();
    this.#recent.set(agent, recent);
    recent.set(key, known);
  }

  #typeOf(agent: Agent, record: ParsedRecord): number {
    const types = this.#types.get(agent) ?? new Map<string, number>();
    this.#types.set(agent, types);
    const remembered = types.get(record.type);
    if (remembered !== undefined) return remembered;
    this.#insertType.run(agent, record.type, record.isKnownType ? 1 : 0);
    const row = this.#findType.get(agent, record.type);
    if (row === undefined) throw new InvariantError('a record type vanished while it was made');
    types.set(record.type, row.id);
    return row.id;
  }
}

/** Position in {@link AGENTS}, which only ever grows at its end. */
export function agentNumber(agent: Agent): number {
  return AGENTS.indexOf(agent);
}
