/**
 * Opens a database that belongs to another program: for reading, and without a trace. Nothing is created, written or
 * locked for longer than one statement; a `-wal` file is read, a missing one is not made. The only importer of
 * better-sqlite3 besides `store/database.ts`.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  type BigIntStats,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import Sqlite from 'better-sqlite3';
import { EngineError, systemErrorCode } from './errors.ts';

/** Integers beyond 2^53 come as bigint. */
export type ForeignValue = string | number | bigint | Buffer | null;
export type ForeignRow = Readonly<Record<string, ForeignValue>>;

export interface ForeignOpenOptions {
  /** Alternative addon; null: the one that the package brings. */
  readonly nativeBinding: string | null;
}

/** The writer is a person's agent: it must not wait for us, and we can come again. */
const BUSY_TIMEOUT_MS = 200;
const CACHE_KIB = 4 * 1024;
/** Bytes 18 and 19 of the header: 2 says that the database uses a write-ahead log. */
const HEADER_BYTES = 20;
const WAL_FORMAT = 2;
const UNREADABLE = 'what Holdfast has saved of it stays, and it is tried again';

export class ForeignDatabase {
  readonly #database: Sqlite.Database;
  readonly #file: string;
  /** Set when the file is read without locks, because nobody has it open. */
  readonly #unlockedMark: string | null;
  readonly #copy: string | null;
  readonly #statements = new Map<string, Sqlite.Statement<unknown[], ForeignRow>>();
  #rowsRead = 0;

  private constructor(database: Sqlite.Database, file: string, way: WayToRead) {
    this.#database = database;
    this.#file = file;
    this.#unlockedMark = way.unlockedMark;
    this.#copy = way.copy;
  }

  /**
   * Errors: TRANSCRIPT_UNREADABLE with a sentence (locked, damaged, no database, no permission), retryable; NOT_FOUND when
   * the file is gone.
   */
  static open(file: string, options: ForeignOpenOptions): ForeignDatabase {
    let way: WayToRead | null = null;
    try {
      way = wayToRead(file, options);
      return new ForeignDatabase(connect(way.uri, options), file, way);
    } catch (error) {
      if (way !== null) removeCopy(way.copy);
      throw toForeignError(error, file);
    }
  }

  /** Rows that were read so far, for measuring. */
  get rowsRead(): number {
    return this.#rowsRead;
  }

  /**
   * False when the file is read without locks and somebody has begun to write: what was read since the last time may mix
   * two states and must not be used.
   */
  isConsistent(): boolean {
    return this.#unlockedMark === null || this.#unlockedMark === markOf(this.#file);
  }

  all(sql: string, ...values: readonly (string | number)[]): readonly ForeignRow[] {
    return this.#run(() => {
      const rows = this.#statement(sql).all(...values);
      this.#rowsRead += rows.length;
      return rows.map(plainRow);
    });
  }

  get(sql: string, ...values: readonly (string | number)[]): ForeignRow | null {
    return this.#run(() => {
      const row = this.#statement(sql).get(...values);
      if (row === undefined) return null;
      this.#rowsRead += 1;
      return plainRow(row);
    });
  }

  /** Several statements see the same state. Short: the writer's log cannot be emptied meanwhile. */
  atOnce<T>(work: () => T): T {
    return this.#run(() => this.#database.transaction(work)());
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
    removeCopy(this.#copy);
  }

  #statement(sql: string): Sqlite.Statement<unknown[], ForeignRow> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const prepared = this.#database.prepare<unknown[], ForeignRow>(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }

  #run<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw toForeignError(error, this.#file);
    }
  }
}

/** Quotes a name of a table or a column that stands in another program's schema. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

interface WayToRead {
  readonly uri: string;
  /** State of the files when they were opened without locks; null: locks keep it consistent. */
  readonly unlockedMark: string | null;
  /** Folder of a private copy; null: there is none. */
  readonly copy: string | null;
}

/**
 * - A log and its index are there: somebody has it open, or was killed. The index is only read; SQLite keeps one of its own
 *   in memory where that is not enough.
 * - No log: nobody has it open. SQLite would make a log and an index even for reading, unless it is told that nothing changes.
 * - A log without its index (somebody has copied the files): SQLite would have to make one, so it gets a copy of its own.
 * - No write-ahead log at all: reading makes no files.
 */
function wayToRead(file: string, options: ForeignOpenOptions): WayToRead {
  const uri = pathToFileURL(file).href;
  const understandsUris = doesUnderstandUris(options);
  const locked = (parameters: string): WayToRead => {
    return { uri: understandsUris ? `${uri}?${parameters}` : file, unlockedMark: null, copy: null };
  };
  if (!usesWriteAheadLog(file)) return locked('mode=ro');
  const log = statOf(`${file}-wal`);
  if (log !== null && statOf(`${file}-shm`) !== null) return locked('mode=ro&readonly_shm=1');
  if (understandsUris && (log === null || log.size === 0n)) {
    return { uri: `${uri}?immutable=1`, unlockedMark: markOf(file), copy: null };
  }
  return privateCopy(file);
}

/** Parameters of an open stand in a URI, which the addon understands only when `allowDatabaseUris` came before it. */
function doesUnderstandUris(options: ForeignOpenOptions): boolean {
  try {
    connect('file:probe?mode=memory', options).close();
    return true;
  } catch (error) {
    if (error instanceof Sqlite.SqliteError && error.code === 'SQLITE_CANTOPEN') return false;
    throw error;
  }
}

function privateCopy(file: string): WayToRead {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'holdfast-copy-'));
  try {
    const unlockedMark = markOf(file);
    const target = path.join(copy, 'copy.db');
    copyFileSync(file, target, constants.COPYFILE_FICLONE);
    if (statOf(`${file}-wal`) !== null) copyFileSync(`${file}-wal`, `${target}-wal`, constants.COPYFILE_FICLONE);
    return { uri: target, unlockedMark, copy };
  } catch (error) {
    removeCopy(copy);
    throw error;
  }
}

function removeCopy(copy: string | null): void {
  if (copy !== null) rmSync(copy, { recursive: true, force: true });
}

function connect(uri: string, { nativeBinding }: ForeignOpenOptions): Sqlite.Database {
  const database = new Sqlite(uri, {
    readonly: true,
    fileMustExist: true,
    timeout: BUSY_TIMEOUT_MS,
    ...(nativeBinding === null ? {} : { nativeBinding }),
  });
  database.pragma(`cache_size = -${CACHE_KIB}`);
  database.pragma('query_only = ON');
  // A damaged or hostile file must not be able to run anything of its own.
  database.pragma('trusted_schema = OFF');
  database.defaultSafeIntegers(true);
  return database;
}

function usesWriteAheadLog(file: string): boolean {
  const header = Buffer.alloc(HEADER_BYTES);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(fd);
  }
  return header[18] === WAL_FORMAT || header[19] === WAL_FORMAT;
}

function statOf(file: string): BigIntStats | null {
  return statSync(file, { bigint: true, throwIfNoEntry: false }) ?? null;
}

function markOf(file: string): string {
  const main = statOf(file);
  const log = statOf(`${file}-wal`);
  return [main?.ino, main?.size, main?.mtimeNs, log?.size ?? 0n].map(String).join(' ');
}

/** Every integer comes as bigint; most fit into a number. */
function plainRow(row: ForeignRow): ForeignRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value,
    ]),
  );
}

function toForeignError(error: unknown, file: string): unknown {
  if (error instanceof EngineError) return error;
  const context = { file };
  const fails = (sentence: string): EngineError =>
    new EngineError('TRANSCRIPT_UNREADABLE', sentence, { cause: error, retryable: true, context });
  if (error instanceof Sqlite.SqliteError) {
    const { code } = error;
    if (/^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code)) return fails(`Another program holds it locked: ${UNREADABLE}.`);
    if (/^SQLITE_NOTADB/.test(code)) return fails(`It is no SQLite database, or an encrypted one: ${UNREADABLE}.`);
    if (/^SQLITE_CORRUPT/.test(code)) return fails(`It is damaged: ${UNREADABLE}.`);
    return fails(`It cannot be read (${code}): ${UNREADABLE}.`);
  }
  const code = systemErrorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new EngineError('NOT_FOUND', 'The database is gone.', { cause: error, context });
  }
  return code === null ? error : fails(`It cannot be read (${code}): ${UNREADABLE}.`);
}
