import type { Agent } from '../../../shared/exchange.ts';
import type { Database, Statement } from './database.ts';
import { agentNumber } from './record-table.ts';
import { packRecordKey } from './record-key.ts';

/** Where a state of a record stands. */
export interface StatePlace {
  readonly version: number;
  readonly generation: number;
  readonly start: number;
}

/** Order of generations that does not depend on when they were read. */
export type GenerationOrder = (archivePath: string) => number;

/** Rows of `record_version`: which state of a record stands, for agents that write a record again when it has changed. */
export class VersionTable {
  readonly #orderOf: GenerationOrder;
  readonly #find: Statement<[Buffer, number], { readonly version: number }>;
  readonly #set: Statement<[Buffer, number, number], unknown>;
  readonly #archivePath: Statement<[number], { readonly path: string }>;

  constructor(database: Database, orderOf: GenerationOrder) {
    this.#orderOf = orderOf;
    this.#find = database.prepare('SELECT version FROM record_version WHERE key = ? AND agent = ?');
    this.#set = database.prepare('INSERT OR REPLACE INTO record_version (key, agent, version) VALUES (?, ?, ?)');
    this.#archivePath = database.prepare('SELECT archive_path AS path FROM generation WHERE id = ?');
  }

  set(agent: Agent, key: string, version: number): void {
    this.#set.run(packRecordKey(key), agentNumber(agent), version);
  }

  /**
   * True if the state is newer than the one that stands: by its version; of equal ones by its generation, then by its place
   * in the file. Depends on what was archived, not on the order in which it was read.
   */
  isNewer(agent: Agent, key: string, state: StatePlace, standing: Omit<StatePlace, 'version'>): boolean {
    const version = this.#find.get(packRecordKey(key), agentNumber(agent))?.version ?? -Infinity;
    if (state.version !== version) return state.version > version;
    if (state.generation === standing.generation) return state.start > standing.start;
    const [path, other] = [this.#pathOf(state.generation), this.#pathOf(standing.generation)];
    const order = this.#orderOf(path) - this.#orderOf(other);
    return order === 0 ? path > other : order > 0;
  }

  #pathOf(generation: number): string {
    return this.#archivePath.get(generation)?.path ?? '';
  }
}
