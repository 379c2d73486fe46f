import type { ArchiveDamage } from '../../../shared/status.ts';
import type { EpochMs } from '../../../shared/time.ts';
import type { Database, Statement } from './database.ts';

/** What is remembered of the work in the background. */
export interface UpkeepState {
  /** Of the scrub, as JSON; null: it has never run. */
  readonly scrub: string | null;
  readonly repaired: number;
  /** Not repaired, newest first. */
  readonly damaged: readonly ArchiveDamage[];
}

/** Rows of `upkeep` and `archive_damage`. */
export class UpkeepTable {
  readonly #database: Database;
  readonly #damaged: Statement<[], ArchiveDamage>;

  constructor(database: Database) {
    this.#database = database;
    this.#damaged = database.prepare(
      `SELECT archive_path AS archivePath, start, "end", found_at AS foundAt FROM archive_damage
       WHERE repaired_at IS NULL ORDER BY found_at DESC, archive_path, start`,
    );
  }

  state(): UpkeepState {
    const scrub = this.#database
      .prepare<[], { readonly value: string }>("SELECT value FROM upkeep WHERE name = 'scrub'")
      .get();
    const repaired = this.#database
      .prepare<[], { readonly n: number }>('SELECT count(*) AS n FROM archive_damage WHERE repaired_at IS NOT NULL')
      .get();
    return { scrub: scrub?.value ?? null, repaired: repaired?.n ?? 0, damaged: this.#damaged.all() };
  }

  keepScrub(state: string): void {
    this.#database
      .prepare(
        "INSERT INTO upkeep (name, value) VALUES ('scrub', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      )
      .run(state);
  }

  /** @param repairedAt null: it is damaged and stays so for now */
  noteDamage(range: ArchiveDamage, repairedAt: EpochMs | null): void {
    this.#database
      .prepare(
        `INSERT INTO archive_damage (archive_path, start, "end", found_at, repaired_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (archive_path, start) DO UPDATE SET "end" = excluded."end", repaired_at = excluded.repaired_at,
           found_at = CASE WHEN archive_damage.repaired_at IS NULL THEN archive_damage.found_at ELSE excluded.found_at END`,
      )
      .run(range.archivePath, range.start, range.end, range.foundAt, repairedAt);
  }
}
