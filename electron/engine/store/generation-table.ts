import type { TranscriptContext } from '../../../shared/record.ts';
import type { Segment } from '../../../shared/segment.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { InvariantError } from '../core/errors.ts';
import type { Database } from './database.ts';
import type { Lanes } from './line-reader.ts';

export interface GenerationRow {
  readonly id: number;
  readonly archivePath: string;
  readonly committed: number;
  readonly lanes: Lanes;
}

interface StoredGeneration {
  readonly id: number;
  readonly committed: number;
  readonly lanes: string;
  readonly source_path: string | null;
}

/** Rows of `generation`, `segment` and `dead_letter`: how far each archived file is committed, and what of it was set aside. */
export class GenerationTable {
  readonly #database: Database;
  readonly #rows = new Map<string, GenerationRow & { sourcePath: string | null }>();

  constructor(database: Database) {
    this.#database = database;
  }

  forget(): void {
    this.#rows.clear();
  }

  /** The row of the segment's generation, made when it is new. */
  open(segment: Segment, sourcePath: string | null, context: TranscriptContext | null, now: EpochMs): GenerationRow {
    const remembered = this.#rows.get(segment.archivePath) ?? this.#load(segment.archivePath);
    if (remembered !== null) {
      if (sourcePath !== null && remembered.sourcePath !== sourcePath)
        this.#moveSource(remembered.id, segment.archivePath, sourcePath);
      return this.#rows.get(segment.archivePath) ?? remembered;
    }
    this.#database
      .prepare(
        `INSERT INTO generation (archive_path, agent, source_path, session, kind, first_saved_at, last_saved_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        segment.archivePath,
        context?.agent ?? 'unknown',
        sourcePath,
        context?.sessionId ?? null,
        segment.kind === 'blob' ? 'blob' : 'lines',
        now,
        now,
      );
    const made = this.#load(segment.archivePath);
    if (made === null) throw new InvariantError('a generation vanished while it was made');
    return made;
  }

  /** Moves the committed position to the end of the segment and keeps the segment's hash. */
  commit(
    row: GenerationRow,
    segment: Segment,
    lanes: Lanes,
    counts: { readonly lines: number; readonly records: number },
    now: EpochMs,
  ): void {
    this.#database
      .prepare(`INSERT OR REPLACE INTO segment (generation, start, "end", sha256, committed_at) VALUES (?, ?, ?, ?, ?)`)
      .run(row.id, segment.start, segment.end, Buffer.from(segment.sha256, 'hex'), now);
    this.#database
      .prepare(
        `UPDATE generation SET committed = ?, lanes = ?, lines = lines + ?, records = records + ?, last_saved_at = ? WHERE id = ?`,
      )
      .run(segment.end, JSON.stringify(lanes), counts.lines, counts.records, now, row.id);
    this.#remember(row, { committed: segment.end, lanes });
  }

  rememberLanes(row: GenerationRow, lanes: Lanes): void {
    this.#database.prepare('UPDATE generation SET lanes = ? WHERE id = ?').run(JSON.stringify(lanes), row.id);
    this.#remember(row, { committed: row.committed, lanes });
  }

  /** @returns false when that range was set aside before */
  setAside(row: GenerationRow, start: number, end: number, reason: string, now: EpochMs): boolean {
    const { changes } = this.#database
      .prepare(
        `INSERT INTO dead_letter (generation, start, "end", reason, at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (generation, start) DO UPDATE SET "end" = excluded."end", reason = excluded.reason, state = 'kept'
         WHERE state = 'recovered' OR "end" <> excluded."end"`,
      )
      .run(row.id, start, end, reason, now);
    return changes > 0;
  }

  /** A tail that had been set aside has become a whole line: it is judged anew. */
  recoverTail(row: GenerationRow, from: number): void {
    this.#database
      .prepare(`UPDATE dead_letter SET state = 'recovered' WHERE generation = ? AND start = ? AND state = 'kept'`)
      .run(row.id, from);
  }

  /** @returns how many files will be read again */
  forgetPositions(archivePaths: readonly string[]): number {
    const reset = this.#database.prepare(
      `UPDATE generation SET committed = 0, lanes = '{}', lines = 0, records = 0 WHERE archive_path = ?`,
    );
    let changed = 0;
    for (const archivePath of archivePaths) changed += reset.run(archivePath).changes;
    this.forget();
    return changed;
  }

  #remember(row: GenerationRow, change: Pick<GenerationRow, 'committed' | 'lanes'>): void {
    const remembered = this.#rows.get(row.archivePath);
    if (remembered !== undefined) this.#rows.set(row.archivePath, { ...remembered, ...change });
  }

  #moveSource(id: number, archivePath: string, sourcePath: string): void {
    this.#database.prepare('UPDATE generation SET source_path = ? WHERE id = ?').run(sourcePath, id);
    const remembered = this.#rows.get(archivePath);
    if (remembered !== undefined) this.#rows.set(archivePath, { ...remembered, sourcePath });
  }

  #load(archivePath: string): (GenerationRow & { sourcePath: string | null }) | null {
    const stored = this.#database
      .prepare<[string], StoredGeneration>(
        'SELECT id, committed, lanes, source_path FROM generation WHERE archive_path = ?',
      )
      .get(archivePath);
    if (stored === undefined) return null;
    const row = {
      id: stored.id,
      archivePath,
      committed: stored.committed,
      lanes: JSON.parse(stored.lanes) as Lanes,
      sourcePath: stored.source_path,
    };
    this.#rows.set(archivePath, row);
    return row;
  }
}
