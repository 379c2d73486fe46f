/** The only importer of better-sqlite3 for a database of ours: opens the database the way the promise needs it, and proves that it did. */
import { chmodSync, existsSync, statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { InvariantError, StoreError } from '../core/errors.ts';
import { failpoint } from '../core/failpoint.ts';
import { MIGRATIONS } from './migrations/migrations.ts';

export type Database = Sqlite.Database;
export type Statement<Args extends unknown[], Row> = Sqlite.Statement<Args, Row>;

export interface OpenOptions {
  /** Alternative addon; null: the one that the package brings. */
  readonly nativeBinding: string | null;
  readonly readonly?: boolean;
}

const BUSY_TIMEOUT_MS = 5000;
/** Of two that start together the one that is being refused holds the file for an instant: without a wait both could be. */
const LOCK_WAIT_MS = 200;
const CACHE_KIB = 64 * 1024;
const WAL_CHECKPOINT_PAGES = 4000;
const WAL_KEPT_BYTES = 64 * 1024 * 1024;
/** No Holdfast will ever have so many migrations: a version from there on, or below 0, is damage. */
const IMPOSSIBLE_VERSION = 10_000;

/**
 * Opens the database, creates it if needed and brings its schema up to date.
 * Errors: SCHEMA_TOO_NEW, STORE_CORRUPT, STORE_FULL, STORE_BUSY, STORE_FAILED.
 */
export function openDatabase(file: string, options: OpenOptions): Database {
  try {
    const database = new Sqlite(file, {
      readonly: options.readonly ?? false,
      fileMustExist: options.readonly ?? false,
      ...(options.nativeBinding === null ? {} : { nativeBinding: options.nativeBinding }),
    });
    try {
      refuseNewer(database);
      configure(database, options.readonly ?? false);
      if (options.readonly !== true) {
        chmodSync(file, 0o600);
        migrate(database);
      }
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  } catch (error) {
    throw toStoreError(error);
  }
}

function configure(database: Database, readonly: boolean): void {
  database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  database.pragma('foreign_keys = ON');
  database.pragma('temp_store = MEMORY');
  database.pragma('mmap_size = 0');
  database.pragma(`cache_size = -${CACHE_KIB}`);
  if (readonly) return;
  database.pragma('journal_mode = WAL');
  // The addon is compiled with NORMAL as the default of WAL mode, which may roll back commits at a power cut.
  database.pragma('synchronous = FULL');
  database.pragma('cell_size_check = ON');
  database.pragma(`wal_autocheckpoint = ${WAL_CHECKPOINT_PAGES}`);
  database.pragma(`journal_size_limit = ${WAL_KEPT_BYTES}`);
  if (
    database.pragma('journal_mode', { simple: true }) !== 'wal' ||
    database.pragma('synchronous', { simple: true }) !== 2
  ) {
    throw new StoreError(
      'STORE_FAILED',
      'the data folder is on a file system on which SQLite cannot work safely; move HOLDFAST_HOME to a local disk',
    );
  }
}

/** Before anything else: settings such as the journal mode are written into the file. */
function refuseNewer(database: Database): void {
  const version = versionOf(database);
  if (version < 0 || version >= IMPOSSIBLE_VERSION) throw corrupt({ context: { version } });
  if (version <= MIGRATIONS.length) return;
  throw new StoreError(
    'SCHEMA_TOO_NEW',
    'the database was written by a newer Holdfast; install that version again, nothing was changed',
    { context: { version, newest: MIGRATIONS.length } },
  );
}

/** Each migration in a transaction of its own, forward only. Two programs may do it at the same time: one waits. */
function migrate(database: Database): void {
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index < versionOf(database)) continue;
    database
      .transaction(() => {
        if (index < versionOf(database)) return;
        database.exec(migration);
        failpoint('in-migration');
        database.pragma(`user_version = ${index + 1}`);
      })
      .immediate();
  }
}

/** How many migrations it has gone through. */
export function versionOf(database: Database): number {
  const version = database.pragma('user_version', { simple: true });
  if (typeof version !== 'number') throw new InvariantError('user_version is not a number');
  return version;
}

/** Size of the database and of its write-ahead log, in bytes. */
export function databaseSize(file: string): { readonly sizeBytes: number; readonly walBytes: number } {
  const sizeOf = (name: string): number => (existsSync(name) ? statSync(name).size : 0);
  return { sizeBytes: sizeOf(file), walBytes: sizeOf(`${file}-wal`) };
}

/** Turns an error of SQLite into one with a code that says whether waiting helps. Other errors pass unchanged. */
export function toStoreError(error: unknown): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return error;
  const cause = { cause: error, context: { sqlite: error.code } };
  if (/^SQLITE_(BUSY|LOCKED)/.test(error.code)) {
    return new StoreError('STORE_BUSY', 'the database is busy; saving is tried again', { ...cause, retryable: true });
  }
  if (error.code === 'SQLITE_FULL') {
    return new StoreError(
      'STORE_FULL',
      'the disk of the database is full; conversations wait in the archive until there is room',
      { ...cause, retryable: true },
    );
  }
  // All statements are our own: one that names something which is not there has met a damaged schema.
  const isSchemaWrong = error.code === 'SQLITE_ERROR' && /no such (table|column)|already exists/.test(error.message);
  if (isSchemaWrong || /^SQLITE_(CORRUPT|NOTADB)/.test(error.code)) return corrupt(cause);
  if (/^SQLITE_(IOERR|CANTOPEN|READONLY|NOMEM|PERM|AUTH|PROTOCOL)/.test(error.code)) {
    return new StoreError('STORE_FAILED', 'the database cannot be read or written; saving is tried again', {
      ...cause,
      retryable: true,
    });
  }
  return error;
}

function corrupt(options: ConstructorParameters<typeof StoreError>[2]): StoreError {
  return new StoreError(
    'STORE_CORRUPT',
    'the database is damaged; the archive still holds every conversation. A running Holdfast makes it anew by itself, ' +
      'and so does "holdfast rebuild"',
    options,
  );
}

/** What the schema of a database says, to be compared with that of another one. */
export function schemaOf(database: Database): readonly string[] {
  return database
    .prepare<[], string>("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")
    .pluck()
    .all();
}

/** The schema that a database of that version has. */
export function expectedSchema(version: number, nativeBinding: string | null): readonly string[] {
  const database = new Sqlite(':memory:', nativeBinding === null ? {} : { nativeBinding });
  try {
    for (const migration of MIGRATIONS.slice(0, version)) database.exec(migration);
    return schemaOf(database);
  } finally {
    database.close();
  }
}

/**
 * Writes a whole, consistent copy into a new file, in one read transaction: who saves does not wait for it. Fails with STORE_CORRUPT
 * when a page cannot be read. SQLite does not make the copy durable; whoever needs that syncs it.
 */
export function copyDatabase(database: Database, target: string): void {
  database.prepare('VACUUM INTO ?').run(target);
}

/**
 * Makes the index of words anew, and empties the one of parts of words, which fills itself again: neither holds anything that the
 * exchanges do not.
 */
export function rebuildSearchIndex(database: Database): void {
  database
    .transaction(() => {
      database.exec(`
        INSERT INTO exchange_fts (exchange_fts) VALUES ('rebuild');
        INSERT INTO exchange_substring (exchange_substring) VALUES ('delete-all');
        DELETE FROM counter WHERE name = 'substring_seq';
      `);
    })
    .immediate();
}

/** Compares the index of full-text search with the texts; writes nothing, but needs a connection that could. Error: STORE_CORRUPT. */
export function checkSearchIndex(database: Database): void {
  database.exec("INSERT INTO exchange_fts (exchange_fts, rank) VALUES ('integrity-check', 1)");
}

/** Holds a file locked for as long as this process lives; the system gives the lock back even after SIGKILL. */
export class FileLock {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** @returns null when another process holds it */
  static tryAcquire(file: string, nativeBinding: string | null): FileLock | null {
    const database = openForLock(file, nativeBinding);
    try {
      chmodSync(file, 0o600);
      database.pragma('journal_mode = DELETE');
      database.exec('BEGIN EXCLUSIVE');
      return new FileLock(database);
    } catch (error) {
      database.close();
      if (error instanceof Sqlite.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code)) return null;
      throw toStoreError(error);
    }
  }

  release(): void {
    this.#database.close();
  }
}

function openForLock(file: string, nativeBinding: string | null): Database {
  try {
    return new Sqlite(file, { timeout: LOCK_WAIT_MS, ...(nativeBinding === null ? {} : { nativeBinding }) });
  } catch (error) {
    throw toStoreError(error);
  }
}
