/**
 * Row ids of exchanges that follow time: seconds since 2020, with room for some in the same second. Full text gives its hits in
 * the order of row ids without looking at them, so the newest hits of a word that stands everywhere are found at once.
 */
import type { EpochMs } from '../../../shared/time.ts';
import type { Database, Statement } from './database.ts';

const FIRST_SECOND = 1_577_836_800;
const IDS_PER_SECOND = 64;

/** The smallest id of an exchange that began at this time or later. */
export function firstIdAt(at: EpochMs): number {
  return Math.max(1, (Math.floor(at / 1000) - FIRST_SECOND) * IDS_PER_SECOND);
}

/** Finds a free id for each new exchange. */
export class ExchangeIds {
  readonly #isTaken: Statement<[number], unknown>;
  readonly #lastInSecond: Statement<[number, number], { readonly id: number | null }>;
  /** Where the search for a free id ended, by the id where it began: many exchanges may claim the same second. */
  #spill: { readonly first: number; readonly next: number } | null = null;

  constructor(database: Database) {
    this.#isTaken = database.prepare('SELECT 1 FROM exchange WHERE id = ?');
    this.#lastInSecond = database.prepare('SELECT max(id) AS id FROM exchange WHERE id >= ? AND id < ?');
  }

  forget(): void {
    this.#spill = null;
  }

  next(at: EpochMs): number {
    const first = firstIdAt(at);
    const last = this.#lastInSecond.get(first, first + IDS_PER_SECOND)?.id ?? null;
    if (last === null) return first;
    if (last + 1 < first + IDS_PER_SECOND) return last + 1;
    let free = this.#spill?.first === first ? this.#spill.next : last + 1;
    while (this.#isTaken.get(free) !== undefined) free += 1;
    this.#spill = { first, next: free + 1 };
    return free;
  }
}
