import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { FileLock, databaseSize, openDatabase, type Database } from './database.ts';
import { MIGRATIONS } from './migrations/migrations.ts';

const OPTIONS = { nativeBinding: null };
const HOLDER = path.join(import.meta.dirname, 'test-support/lock-holder.ts');

/** Reads the file that is its argument, as one does for an instant that is about to be refused. */
const ONLOOKER = `
  const database = new (require('better-sqlite3'))(process.argv[1]);
  database.exec('BEGIN; SELECT * FROM sqlite_master');
  process.stdout.write('looking\\n');
  setTimeout(() => database.exec('COMMIT'), 20);
`;

class Folder implements Disposable {
  readonly directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-database-'));
  readonly file = path.join(this.directory, 'holdfast.db');

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}

function settingsOf(database: Database): readonly unknown[] {
  return ['journal_mode', 'synchronous', 'foreign_keys', 'user_version'].map((name) =>
    database.pragma(name, { simple: true }),
  );
}

async function startHolder(
  file: string,
  program: readonly string[] = [HOLDER],
): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const child = spawn(process.execPath, [...program, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: chunk.toString().trim() };
}

describe('openDatabase', () => {
  it('works in WAL mode with full synchronisation after every opening and after a write', () => {
    using folder = new Folder();
    const wanted = ['wal', 2, 1, MIGRATIONS.length];

    for (let time = 0; time < 3; time += 1) {
      const database = openDatabase(folder.file, OPTIONS);
      expect(settingsOf(database)).toEqual(wanted);
      database.prepare('INSERT INTO minute (minute) VALUES (?)').run(time);
      expect(settingsOf(database)).toEqual(wanted);
      database.close();
    }
  });

  it('makes a file that nobody else can read', () => {
    using folder = new Folder();

    openDatabase(folder.file, OPTIONS).close();

    expect(statSync(folder.file).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600);
    expect(databaseSize(folder.file).sizeBytes).toBe(statSync(folder.file).size);
    expect(databaseSize(`${folder.file}.none`)).toEqual({ sizeBytes: 0, walBytes: 0 });
  });

  it('refuses a database of a newer version and leaves it byte for byte as it was', () => {
    using folder = new Folder();
    const newer = new Sqlite(folder.file);
    newer.exec('CREATE TABLE of_the_future (a)');
    newer.pragma(`user_version = ${MIGRATIONS.length + 1}`);
    newer.close();
    const before = readFileSync(folder.file);

    expect(() => openDatabase(folder.file, OPTIONS)).toThrow(
      expect.objectContaining({ code: 'SCHEMA_TOO_NEW', retryable: false }),
    );

    expect(readFileSync(folder.file).equals(before)).toBe(true);
  });

  it('calls a file that is no database damaged', () => {
    using folder = new Folder();
    writeFileSync(folder.file, Buffer.alloc(8192, 'not a database '));

    expect(() => openDatabase(folder.file, OPTIONS)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  });

  it('says that a folder which is not there cannot be written', () => {
    using folder = new Folder();

    expect(() => openDatabase(path.join(folder.directory, 'none', 'x.db'), OPTIONS)).toThrow();
    expect(() => openDatabase(folder.file, { ...OPTIONS, readonly: true })).toThrow(
      expect.objectContaining({ code: 'STORE_FAILED', retryable: true }),
    );
  });

  it('is made once when two programs open it at the same moment', () => {
    using folder = new Folder();
    const first = new Sqlite(folder.file);
    first.pragma('journal_mode = WAL');

    const second = openDatabase(folder.file, OPTIONS);
    const third = openDatabase(folder.file, OPTIONS);

    expect(settingsOf(third)[3]).toBe(MIGRATIONS.length);
    for (const database of [first, second, third]) database.close();
  });

  it('lets readers read, and not write', () => {
    using folder = new Folder();
    const writer = openDatabase(folder.file, OPTIONS);
    const reader = openDatabase(folder.file, { ...OPTIONS, readonly: true });

    writer.prepare('INSERT INTO minute (minute, saved) VALUES (60000, 7)').run();

    expect(reader.prepare('SELECT saved FROM minute').pluck().get()).toBe(7);
    expect(() => reader.prepare('DELETE FROM minute').run()).toThrow('readonly');
    reader.close();
    writer.close();
  });
});

describe('FileLock', () => {
  it('is refused to a second process until the first is killed', async () => {
    using folder = new Folder();
    const file = path.join(folder.directory, 'engine.lock');
    const first = await startHolder(file);
    const second = await startHolder(file);

    expect([first.said, second.said]).toEqual(['locked', 'refused']);
    expect(FileLock.tryAcquire(file, null)).toBeNull();
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');

    const third = FileLock.tryAcquire(file, null);
    expect(third).not.toBeNull();
    third?.release();
  });

  it('is not refused by one that only looks at the file for a moment', async () => {
    using folder = new Folder();
    const file = path.join(folder.directory, 'engine.lock');
    FileLock.tryAcquire(file, null)?.release();
    const onlooker = await startHolder(file, ['-e', ONLOOKER]);

    const lock = FileLock.tryAcquire(file, null);

    expect([onlooker.said, lock === null]).toEqual(['looking', false]);
    lock?.release();
  });

  it('is refused within the same process, too, and free after its release', () => {
    using folder = new Folder();
    const file = path.join(folder.directory, 'engine.lock');
    const first = FileLock.tryAcquire(file, null);

    expect(FileLock.tryAcquire(file, null)).toBeNull();
    first?.release();
    const second = FileLock.tryAcquire(file, null);

    expect(second).not.toBeNull();
    second?.release();
  });
});
