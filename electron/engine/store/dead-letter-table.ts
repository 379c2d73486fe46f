import type { EpochMs } from '../../../shared/time.ts';
import type { Database, Statement } from './database.ts';

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Rows of `dead_letter`: ranges of the archive that are kept, but are no records. */
export class DeadLetterTable {
  readonly #setAside: Statement<unknown[], unknown>;
  readonly #keptWithin: Statement<[number, number, number], { readonly start: number }>;
  readonly #recover: Statement<[number, number], unknown>;

  constructor(database: Database) {
    this.#setAside = database.prepare(
      `INSERT INTO dead_letter (generation, start, "end", reason, at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (generation, start) DO UPDATE SET "end" = excluded."end", reason = excluded.reason, state = 'kept'
       WHERE state = 'recovered' OR "end" <> excluded."end"`,
    );
    this.#keptWithin = database.prepare(
      `SELECT start FROM dead_letter WHERE generation = ? AND start >= ? AND start < ? AND state = 'kept'`,
    );
    this.#recover = database.prepare(`UPDATE dead_letter SET state = 'recovered' WHERE generation = ? AND start = ?`);
  }

  /** @returns false when that range was set aside before */
  setAside(generation: number, range: ByteRange, reason: string, now: EpochMs): boolean {
    return this.#setAside.run(generation, range.start, range.end, reason, now).changes > 0;
  }

  /** Where the ranges begin that were set aside and that nobody has decided about. */
  keptWithin(generation: number, range: ByteRange): ReadonlySet<number> {
    return new Set(this.#keptWithin.all(generation, range.start, range.end).map((row) => row.start));
  }

  /** What begins there can be read after all: a line that was unfinished, or a parser that has learnt. */
  recover(generation: number, start: number): void {
    this.#recover.run(generation, start);
  }
}
