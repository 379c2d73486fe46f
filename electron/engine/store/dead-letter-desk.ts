import type { Database } from './database.ts';

/** What a person decides about dead letters. The bytes stay in the archive in every case. */
export class DeadLetterDesk {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Has the files of dead letters read again from their start, so that a better parser gets its chance. A letter stays until
   * what it stands for can be read, so that at no moment it is neither saved nor set aside.
   * @param id null: all of them
   * @param readAgain runs in the same transaction
   */
  retry(
    id: number | null,
    readAgain: (archivePaths: readonly string[]) => void,
  ): { readonly count: number; readonly archivePaths: readonly string[] } {
    return this.#database
      .transaction(() => {
        const rows = this.#database
          .prepare<[number | null, number | null], { readonly archivePath: string; readonly letters: number }>(
            `SELECT g.archive_path AS archivePath, count(*) AS letters
             FROM dead_letter d JOIN generation g ON g.id = d.generation
             WHERE d.state = 'kept' AND (? IS NULL OR d.id = ?) GROUP BY g.id`,
          )
          .all(id, id);
        const archivePaths = rows.map((row) => row.archivePath);
        readAgain(archivePaths);
        return { count: rows.reduce((sum, row) => sum + row.letters, 0), archivePaths };
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
