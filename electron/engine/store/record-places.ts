import type { Agent } from '../../../shared/exchange.ts';
import type { Database, Statement } from './database.ts';
import { packRecordKey } from './record-key.ts';
import { agentNumber } from './record-table.ts';

/** Where the body of a record stands in the archive. */
export interface RecordPlace {
  readonly archivePath: string;
  readonly start: number;
  readonly length: number;
}

export class RecordPlaces {
  readonly #find: Statement<[Buffer, number], RecordPlace>;

  constructor(database: Database) {
    this.#find = database.prepare(
      `SELECT (SELECT archive_path FROM generation WHERE id = r.generation) AS archivePath, r.start, r.length
       FROM record r WHERE r.key = ? AND r.agent = ?`,
    );
  }

  of(agent: Agent, key: string): RecordPlace | null {
    return this.#find.get(packRecordKey(key), agentNumber(agent)) ?? null;
  }
}
