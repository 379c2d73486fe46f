import type { Database } from './database.ts';

/** What a person decides about dead letters. The bytes stay in the archive in every case. */
export class DeadLetterDesk {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Takes the letters away and gives the files to read again from their start, so that a better parser gets its chance.
   * @param id null: all of them
   */
  retry(id: number | null): { readonly count: number; readonly archivePaths: readonly string[] } {
    return this.#database
      .transaction(() => {
        const rows = this.#database
          .prepare<[number | null, number | null], { readonly archivePath: string }>(
            `SELECT DISTINCT g.archive_path AS archivePath FROM dead_letter d JOIN generation g ON g.id = d.generation
             WHERE d.state = 'kept' AND (? IS NULL OR d.id = ?)`,
          )
          .all(id, id);
        const { changes } = this.#database
          .prepare(`UPDATE dead_letter SET state = 'recovered' WHERE state = 'kept' AND (? IS NULL OR id = ?)`)
          .run(id, id);
        return { count: changes, archivePaths: rows.map((row) => row.archivePath) };
      })
      .immediate();
  }

  /** @param id null: all of them. @returns how many were discarded */
  discard(id: number | null): number {
    return this.#database
      .prepare(`UPDATE dead_letter SET state = 'discarded' WHERE state = 'kept' AND (? IS NULL OR id = ?)`)
      .run(id, id).changes;
  }
}
