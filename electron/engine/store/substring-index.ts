/**
 * Keeps the index of parts of words up to date. It follows the changes of exchanges instead of being written with them: it
 * takes twice as long as all other writing, and nothing waits for it.
 */
import type { Database, Statement } from './database.ts';

interface ChangedRow {
  readonly id: number;
  readonly change_seq: number;
  readonly prompt: string;
  readonly answer: string;
  readonly tools: string;
}

export class SubstringIndex {
  readonly #database: Database;
  readonly #changed: Statement<[number, number], ChangedRow>;
  readonly #position: Statement<[], number>;
  readonly #advance: Statement<[number], unknown>;
  readonly #behind: Statement<[number], number>;
  readonly #remove: Statement<[number], unknown>;
  readonly #add: Statement<[number, string, string, string], unknown>;

  constructor(database: Database) {
    this.#database = database;
    this.#changed = database.prepare(
      'SELECT id, change_seq, prompt, answer, tools FROM exchange WHERE change_seq > ? ORDER BY change_seq LIMIT ?',
    );
    this.#position = database
      .prepare<[], number>(`SELECT coalesce((SELECT value FROM counter WHERE name = 'substring_seq'), 0)`)
      .pluck();
    this.#advance = database.prepare(
      `INSERT INTO counter (name, value) VALUES ('substring_seq', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    );
    this.#behind = database.prepare<[number], number>('SELECT count(*) FROM exchange WHERE change_seq > ?').pluck();
    this.#remove = database.prepare('DELETE FROM exchange_substring WHERE rowid = CAST(? AS INTEGER)');
    this.#add = database.prepare(
      'INSERT INTO exchange_substring (rowid, prompt, answer, tools) VALUES (CAST(? AS INTEGER), ?, ?, ?)',
    );
  }

  /** Exchanges that are not indexed in their present form. */
  get behind(): number {
    return this.#behind.get(this.#position.get() ?? 0) ?? 0;
  }

  /** Indexes some of what has changed, in a transaction of its own. @returns how many; 0: it is up to date */
  follow(most: number): number {
    return this.#database
      .transaction(() => {
        const rows = this.#changed.all(this.#position.get() ?? 0, most);
        // In the order of their ids, or full text would end its collecting at every step back.
        for (const { id, prompt, answer, tools } of [...rows].sort((one, other) => one.id - other.id)) {
          this.#remove.run(id);
          this.#add.run(id, prompt, answer, tools);
        }
        const last = rows.at(-1);
        if (last !== undefined) this.#advance.run(last.change_seq);
        return rows.length;
      })
      .immediate();
  }
}
