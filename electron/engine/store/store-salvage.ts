/**
 * Takes over from a database that was put aside what stands nowhere else: what a person has decided about dead letters,
 * where transcripts were on disk, known damage of the archive, and the minutes of the trend. In: the old file, damaged or not,
 * and the new database. Takes what can be read and says how much that was; everything else comes from the archive.
 */
import { openDatabase, type Database } from './database.ts';

export interface SalvageReport {
  /** Rows taken over. */
  readonly generations: number;
  readonly deadLetters: number;
  readonly minutes: number;
  /** Parts of which not every row could be read. */
  readonly unreadable: readonly string[];
}

interface Part {
  readonly name: 'generations' | 'deadLetters' | 'minutes' | 'archiveDamage';
  readonly table: string;
  readonly select: string;
  readonly insert: string;
}

/** In this order: dead letters belong to generations. */
const PARTS: readonly Part[] = [
  {
    name: 'generations',
    table: 'generation',
    select: `SELECT archive_path, agent, source_path, session, kind, first_saved_at, last_saved_at FROM generation`,
    insert: `INSERT INTO generation (archive_path, agent, source_path, session, kind, first_saved_at, last_saved_at)
             SELECT ?, ?, ?, ?, ?, ?, ? WHERE true
             ON CONFLICT (archive_path) DO UPDATE SET source_path = coalesce(excluded.source_path, source_path)`,
  },
  {
    name: 'deadLetters',
    table: 'dead_letter',
    // A letter that is kept comes again by itself when its bytes are read.
    select: `SELECT d.start, d."end", d.reason, d.at, d.state, g.archive_path FROM dead_letter d
             JOIN generation g ON g.id = d.generation WHERE d.state = 'discarded'`,
    insert: `INSERT INTO dead_letter (generation, start, "end", reason, at, state)
             SELECT g.id, ?, ?, ?, ?, ? FROM generation g WHERE g.archive_path = ?
             ON CONFLICT (generation, start) DO UPDATE SET state = excluded.state WHERE "end" = excluded."end"`,
  },
  {
    name: 'archiveDamage',
    table: 'archive_damage',
    select: 'SELECT archive_path, start, "end", found_at, repaired_at FROM archive_damage',
    insert: `INSERT INTO archive_damage (archive_path, start, "end", found_at, repaired_at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING`,
  },
  {
    name: 'minutes',
    table: 'minute',
    select: 'SELECT minute, saved, errors FROM minute',
    insert: 'INSERT INTO minute (minute, saved, errors) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  },
];

/** @param isArchived whether the archive holds that generation: a damaged path must not become one */
export function salvage(
  oldFile: string,
  into: Database,
  nativeBinding: string | null,
  isArchived: (archivePath: string) => boolean,
): SalvageReport {
  const taken = { generations: 0, deadLetters: 0, minutes: 0, archiveDamage: 0 };
  const unreadable: string[] = [];
  const old = openOrNull(oldFile, nativeBinding);
  if (old === null) return { ...taken, unreadable: PARTS.map((part) => part.table) };
  try {
    for (const part of PARTS) {
      const { rows, isWhole } = readRows(old, part.select);
      if (!isWhole) unreadable.push(part.table);
      const wanted = part.name === 'generations' ? rows.filter(([file]) => isArchived(String(file))) : rows;
      taken[part.name] = insertRows(into, part.insert, wanted);
    }
  } finally {
    old.close();
  }
  return { generations: taken.generations, deadLetters: taken.deadLetters, minutes: taken.minutes, unreadable };
}

/** A file without a readable header cannot even be opened. */
function openOrNull(file: string, nativeBinding: string | null): Database | null {
  try {
    return openDatabase(file, { nativeBinding, readonly: true });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return null;
  }
}

type Row = readonly (string | number | null)[];

/** Row after row up to the first that cannot be read. */
function readRows(database: Database, sql: string): { readonly rows: readonly Row[]; readonly isWhole: boolean } {
  const rows: Row[] = [];
  try {
    for (const row of database.prepare<[], Row>(sql).raw().iterate()) rows.push(row);
    return { rows, isWhole: true };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { rows, isWhole: false };
  }
}

/** What the new database refuses (a damaged value in a column of numbers) is left out. */
function insertRows(database: Database, sql: string, rows: readonly Row[]): number {
  const insert = database.prepare(sql);
  let taken = 0;
  database
    .transaction(() => {
      for (const row of rows) {
        try {
          taken += insert.run(...row).changes;
        } catch (error) {
          if (!isRefused(error)) throw error;
        }
      }
    })
    .immediate();
  return taken;
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_CONSTRAINT');
}
