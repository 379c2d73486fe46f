import type { Database, Statement } from './database.ts';

/** Counts that would take a walk through a table to get, and sequences. Collected in memory, written once per batch. */
export type CounterName = 'exchanges' | 'subagent_exchanges' | 'sessions' | 'records' | 'change_seq';

/** Rows of `counter`. */
export class CounterTable {
  readonly #added = new Map<CounterName, number>();
  readonly #stored = new Map<CounterName, number>();
  readonly #load: Statement<[string], { readonly value: number }>;
  readonly #add: Statement<[string, number], unknown>;

  constructor(database: Database) {
    this.#load = database.prepare('SELECT value FROM counter WHERE name = ?');
    this.#add = database.prepare(
      'INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value',
    );
  }

  forget(): void {
    this.#added.clear();
    this.#stored.clear();
  }

  add(name: CounterName, count: number): void {
    this.#added.set(name, (this.#added.get(name) ?? 0) + count);
  }

  /** The next number of a sequence; 1 is the first. */
  next(name: CounterName): number {
    const stored = this.#stored.get(name) ?? this.#load.get(name)?.value ?? 0;
    this.#stored.set(name, stored);
    this.add(name, 1);
    return stored + (this.#added.get(name) ?? 0);
  }

  flush(): void {
    for (const [name, added] of this.#added) {
      if (added === 0) continue;
      this.#add.run(name, added);
      const stored = this.#stored.get(name);
      if (stored !== undefined) this.#stored.set(name, stored + added);
    }
    this.#added.clear();
  }
}
