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

/** Rows of `record` and `occurrence`. */
export class RecordTable {
  readonly #counters: CounterTable;
  readonly #recent = new Map<string, KnownRecord>();
  readonly #types = new Map<string, number>();
  readonly #find: Statement<[Buffer, number], KnownRecord>;
  readonly #insert: Statement<unknown[], unknown>;
  readonly #occur: Statement<unknown[], unknown>;
  readonly #insertType: Statement<[string, string, number], unknown>;
  readonly #findType: Statement<[string, string], { readonly id: number }>;

  constructor(database: Database, counters: CounterTable) {
    this.#counters = counters;
    this.#find = database.prepare('SELECT generation, start, exchange FROM record WHERE key = ? AND agent = ?');
    this.#insert = database.prepare(
      'INSERT INTO record (key, agent, type, generation, start, length, exchange, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
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
    const id = `${agent} ${key}`;
    const recent = this.#recent.get(id);
    if (recent !== undefined) return recent;
    const found = this.#find.get(packRecordKey(key), agentNumber(agent));
    if (found !== undefined) this.#remember(id, found);
    return found;
  }

  insert(row: NewRecord): void {
    const { record } = row;
    this.#insert.run(
      packRecordKey(record.key),
      agentNumber(row.agent),
      this.#typeOf(row.agent, record),
      row.generation,
      row.start,
      row.length,
      row.exchange,
      record.at,
    );
    this.#counters.add('records', 1);
    this.#remember(`${row.agent} ${record.key}`, {
      generation: row.generation,
      start: row.start,
      exchange: row.exchange,
    });
  }

  addOccurrence(generation: number, start: number, key: string): void {
    this.#occur.run(generation, start, packRecordKey(key));
  }

  #remember(id: string, known: KnownRecord): void {
    if (this.#recent.size >= REMEMBERED_RECORDS) {
      const oldest = this.#recent.keys().next();
      if (oldest.done !== true) this.#recent.delete(oldest.value);
    }
    this.#recent.set(id, known);
  }

  #typeOf(agent: Agent, record: ParsedRecord): number {
    const name = `${agent} ${record.type}`;
    const remembered = this.#types.get(name);
    if (remembered !== undefined) return remembered;
    this.#insertType.run(agent, record.type, record.isKnownType ? 1 : 0);
    const row = this.#findType.get(agent, record.type);
    if (row === undefined) throw new InvariantError('a record type vanished while it was made');
    this.#types.set(name, row.id);
    return row.id;
  }
}

/** Position in {@link AGENTS}, which only ever grows at its end. */
export function agentNumber(agent: Agent): number {
  return AGENTS.indexOf(agent);
}
