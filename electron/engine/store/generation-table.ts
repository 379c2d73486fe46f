import { SESSION_MARK } from '../../../shared/marks.ts';
import type { TranscriptContext } from '../../../shared/record.ts';
import type { Segment } from '../../../shared/segment.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { InvariantError } from '../core/errors.ts';
import type { Database, Statement } from './database.ts';
import type { Lanes } from './line-reader.ts';

export interface GenerationRow {
  readonly id: number;
  readonly archivePath: string;
  readonly committed: number;
  readonly lanes: Lanes;
  readonly firstSavedAt: EpochMs;
}

interface StoredGeneration {
  readonly id: number;
  readonly committed: number;
  readonly lanes: string;
  readonly source_path: string | null;
  readonly first_saved_at: EpochMs;
}

interface RememberedGeneration extends GenerationRow {
  readonly sourcePath: string | null;
}

/** Rows of `generation` and `segment`: how far each archived file is committed. */
export class GenerationTable {
  readonly #rows = new Map<string, RememberedGeneration>();
  readonly #find: Statement<[string], StoredGeneration>;
  readonly #insert: Statement<unknown[], unknown>;
  readonly #keepHash: Statement<unknown[], unknown>;
  readonly #advance: Statement<unknown[], unknown>;
  readonly #setLanes: Statement<[string, number], unknown>;
  readonly #setSource: Statement<[string, number], unknown>;
  readonly #reset: Statement<[string], unknown>;

  constructor(database: Database) {
    this.#find = database.prepare(
      'SELECT id, committed, lanes, source_path, first_saved_at FROM generation WHERE archive_path = ?',
    );
    this.#insert = database.prepare(
      `INSERT INTO generation (archive_path, agent, source_path, session, kind, first_saved_at, last_saved_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#keepHash = database.prepare(
      'INSERT OR REPLACE INTO segment (generation, start, "end", sha256, committed_at) VALUES (?, ?, ?, ?, ?)',
    );
    this.#advance = database.prepare(
      `UPDATE generation SET committed = ?, lanes = ?, lines = lines + ?, records = records + ?, last_saved_at = ?,
       session = coalesce(?, session) WHERE id = ?`,
    );
    this.#setLanes = database.prepare('UPDATE generation SET lanes = ? WHERE id = ?');
    this.#setSource = database.prepare('UPDATE generation SET source_path = ? WHERE id = ?');
    this.#reset = database.prepare(
      `UPDATE generation SET committed = 0, lanes = '{}', lines = 0, records = 0 WHERE archive_path = ?`,
    );
  }

  forget(): void {
    this.#rows.clear();
  }

  /** Null when nothing of the file was ever saved. */
  committedOf(archivePath: string): number | null {
    return (this.#rows.get(archivePath) ?? this.#load(archivePath))?.committed ?? null;
  }

  /** The row of the segment's generation, made when it is new. */
  open(segment: Segment, sourcePath: string | null, context: TranscriptContext | null, now: EpochMs): GenerationRow {
    const { archivePath } = segment;
    const known = this.#rows.get(archivePath) ?? this.#load(archivePath);
    if (known !== null) {
      if (sourcePath === null || sourcePath === known.sourcePath) return known;
      this.#setSource.run(sourcePath, known.id);
      return this.#remember({ ...known, sourcePath });
    }
    this.#insert.run(
      archivePath,
      context?.agent ?? 'unknown',
      sourcePath,
      context?.sessionId ?? null,
      segment.kind === 'blob' ? 'blob' : 'lines',
      now,
      now,
    );
    const made = this.#load(archivePath);
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
    this.#keepHash.run(row.id, segment.start, segment.end, Buffer.from(segment.sha256, 'hex'), now);
    const session = lanes[SESSION_MARK] ?? null;
    this.#advance.run(segment.end, JSON.stringify(lanes), counts.lines, counts.records, now, session, row.id);
    this.#change(row, { committed: segment.end, lanes });
  }

  rememberLanes(row: GenerationRow, lanes: Lanes): void {
    if (lanes === row.lanes) return;
    this.#setLanes.run(JSON.stringify(lanes), row.id);
    this.#change(row, { committed: row.committed, lanes });
  }

  /** @returns how many files will be read again */
  forgetPositions(archivePaths: readonly string[]): number {
    let changed = 0;
    for (const archivePath of archivePaths) changed += this.#reset.run(archivePath).changes;
    this.forget();
    return changed;
  }

  #change(row: GenerationRow, change: Pick<GenerationRow, 'committed' | 'lanes'>): void {
    const remembered = this.#rows.get(row.archivePath);
    if (remembered !== undefined) this.#remember({ ...remembered, ...change });
  }

  #load(archivePath: string): RememberedGeneration | null {
    const stored = this.#find.get(archivePath);
    if (stored === undefined) return null;
    return this.#remember({
      id: stored.id,
      archivePath,
      committed: stored.committed,
      lanes: JSON.parse(stored.lanes) as Lanes,
      sourcePath: stored.source_path,
      firstSavedAt: stored.first_saved_at,
    });
  }

  #remember(row: RememberedGeneration): RememberedGeneration {
    this.#rows.set(row.archivePath, row);
    return row;
  }
}
