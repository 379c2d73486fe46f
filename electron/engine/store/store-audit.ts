/** Questions that a proof asks: is this saved, does anything stand twice, what did we not understand. Never writes. */
import type { Agent } from '../../../shared/exchange.ts';
import type { Database, Statement } from './database.ts';
import { packRecordKey } from './record-key.ts';
import { agentNumber } from './record-table.ts';

interface Count {
  readonly n: number;
}

/** Found by grouping, not by trusting the unique keys. */
const DUPLICATES = [
  'SELECT count(*) AS n FROM (SELECT 1 FROM record GROUP BY key, agent HAVING count(*) > 1)',
  'SELECT count(*) AS n FROM (SELECT 1 FROM exchange GROUP BY agent, key HAVING count(*) > 1)',
  'SELECT abs((SELECT count(*) FROM exchange) - (SELECT count(*) FROM exchange_fts_docsize)) AS n',
  `SELECT count(*) AS n FROM (SELECT 1 FROM exchange e, json_each(e.parts, '$.parts') p
     WHERE json_extract(p.value, '$[0]') = 'u' AND json_extract(p.value, '$[3]') IS NOT NULL
     GROUP BY e.agent, json_extract(p.value, '$[3]') HAVING count(*) > 1)`,
] as const;

export class StoreAudit {
  readonly #database: Database;
  readonly #hasRecord: Statement<[Buffer, number], unknown>;
  readonly #letterBefore: Statement<[string, number], { readonly end: number }>;

  constructor(database: Database) {
    this.#database = database;
    this.#hasRecord = database.prepare('SELECT 1 FROM record WHERE key = ? AND agent = ?');
    this.#letterBefore = database.prepare(
      `SELECT d."end" FROM dead_letter d JOIN generation g ON g.id = d.generation
       WHERE g.archive_path = ? AND d.start <= ? AND d.state <> 'recovered' ORDER BY d.start DESC LIMIT 1`,
    );
  }

  hasRecord(agent: Agent, key: string): boolean {
    return this.#hasRecord.get(packRecordKey(key), agentNumber(agent)) !== undefined;
  }

  /** True for a byte that stands in a range that was set aside: a line, or a whole segment that could not be saved. */
  isSetAside(archivePath: string, at: number): boolean {
    const letter = this.#letterBefore.get(archivePath, at);
    return letter !== undefined && letter.end > at;
  }

  /** How many things stand twice that may stand only once. */
  duplicates(): number {
    return DUPLICATES.reduce((sum, sql) => sum + this.#count(sql), 0);
  }

  /** Records of types that this version does not know. */
  drift(): number {
    return this.#count('SELECT count(*) AS n FROM record r JOIN record_type t ON t.id = r.type WHERE t.is_known = 0');
  }

  #count(sql: string): number {
    return this.#database.prepare<[], Count>(sql).get()?.n ?? 0;
  }
}
