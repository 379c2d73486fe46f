/** Reads what was saved once more, a slice at a time, and compares it with the hash it had. Never writes. */
import { createHash } from 'node:crypto';
import { EngineError } from '../core/errors.ts';
import type { Database, Statement } from './database.ts';
import type { RangeReader } from './saver-ports.ts';

/** Where a round is: after this segment, in the order of generations and positions. */
export interface AuditPosition {
  readonly generation: number;
  readonly start: number;
}

/** A range whose bytes in the archive are no longer those that were saved. */
export interface DamagedRange {
  readonly archivePath: string;
  readonly sourcePath: string | null;
  readonly start: number;
  readonly end: number;
  /** Hex; of the bytes that were saved. */
  readonly sha256: string;
}

export interface AuditSlice {
  readonly damaged: readonly DamagedRange[];
  /** Archive path and start of each range that was sound. */
  readonly sound: readonly { readonly archivePath: string; readonly start: number }[];
  readonly bytes: number;
  /** Where to go on; null: that was the last one. */
  readonly next: AuditPosition | null;
}

interface Row {
  readonly generation: number;
  readonly archivePath: string;
  readonly sourcePath: string | null;
  readonly start: number;
  readonly end: number;
  readonly sha256: Buffer;
}

const ROWS_AT_ONCE = 500;

export class SegmentAudit {
  readonly #archive: RangeReader;
  readonly #after: Statement<[number, number, number], Row>;
  readonly #total: Statement<[], { readonly bytes: number }>;

  constructor(database: Database, archive: RangeReader) {
    this.#archive = archive;
    this.#after = database.prepare(
      `SELECT s.generation, g.archive_path AS archivePath, g.source_path AS sourcePath, s.start, s."end", s.sha256
       FROM segment s JOIN generation g ON g.id = s.generation
       WHERE (s.generation, s.start) > (?, ?) ORDER BY s.generation, s.start LIMIT ?`,
    );
    this.#total = database.prepare('SELECT coalesce(sum("end" - start), 0) AS bytes FROM segment');
  }

  totalBytes(): number {
    return this.#total.get()?.bytes ?? 0;
  }

  /** Reads on from a position until `mostBytes` were read, at least one segment. Error: ARCHIVE_UNAVAILABLE (retryable). */
  slice(after: AuditPosition, mostBytes: number): AuditSlice {
    const rows = this.#after.all(after.generation, after.start, ROWS_AT_ONCE);
    const damaged: DamagedRange[] = [];
    const sound: { archivePath: string; start: number }[] = [];
    let bytes = 0;
    let next: AuditPosition | null = null;
    for (const row of rows) {
      if (bytes > 0 && bytes + row.end - row.start > mostBytes) break;
      if (this.#isSound(row)) sound.push({ archivePath: row.archivePath, start: row.start });
      else damaged.push(rangeOf(row));
      bytes += row.end - row.start;
      next = { generation: row.generation, start: row.start };
    }
    return { damaged, sound, bytes, next };
  }

  #isSound({ archivePath, start, end, sha256 }: Row): boolean {
    const hash = createHash('sha256');
    try {
      this.#archive.readChunks(archivePath, start, end, (chunk) => hash.update(chunk));
    } catch (error) {
      if (error instanceof EngineError && error.code === 'ARCHIVE_MISMATCH') return false;
      throw error;
    }
    return hash.digest().equals(sha256);
  }
}

function rangeOf({ archivePath, sourcePath, start, end, sha256 }: Row): DamagedRange {
  return { archivePath, sourcePath, start, end, sha256: sha256.toString('hex') };
}
