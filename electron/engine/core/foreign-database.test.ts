import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ForeignDatabase } from './foreign-database.ts';

const MODULE = new URL('foreign-database.ts', import.meta.url).href;

describe('ForeignDatabase', () => {
  let folder = '';
  let file = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-foreign-'));
    // Characters that mean something in a URI.
    file = path.join(folder, 'odd ?#%41 name.db');
    const writer = new Sqlite(file);
    writer.pragma('journal_mode = WAL');
    writer.exec(`CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'), (9007199254740993, x'00ff')`);
    writer.close();
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function files(): readonly string[] {
    return readdirSync(folder).map((name) => {
      const found = path.join(folder, name);
      return `${name} ${statSync(found).mtimeMs} ${readFileSync(found).toString('base64').length}`;
    });
  }

  it('reads a database that nobody has open without making its log, whatever its name', () => {
    const before = files();
    const database = ForeignDatabase.open(file, { nativeBinding: null });

    expect(database.all('SELECT * FROM t')).toEqual([
      { a: 1, b: 'x' },
      { a: 9007199254740993n, b: Buffer.from([0, 255]) },
    ]);
    expect(database.rowsRead).toBe(2);
    expect(database.isConsistent()).toBe(true);
    database.close();
    expect(files()).toEqual(before);
  });

  it('notices that somebody begins to write where nobody was', () => {
    const database = ForeignDatabase.open(file, { nativeBinding: null });
    const writer = new Sqlite(file);
    writer.exec('INSERT INTO t VALUES (2, 3)');

    expect(database.isConsistent()).toBe(false);
    database.close();
    writer.close();
  });

  it('cannot write', () => {
    const database = ForeignDatabase.open(file, { nativeBinding: null });

    expect(() => database.all(`INSERT INTO t VALUES (1, 2) RETURNING a`)).toThrow(
      expect.objectContaining({ code: 'TRANSCRIPT_UNREADABLE' }),
    );
    database.close();
  });

  it('never makes a database', () => {
    const absent = path.join(folder, 'absent.db');

    expect(() => ForeignDatabase.open(absent, { nativeBinding: null })).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND' }),
    );
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('reads a private copy, which it removes, where SQLite takes no parameters', () => {
    const before = files();
    const script = `import { ForeignDatabase } from ${JSON.stringify(MODULE)};
      const database = ForeignDatabase.open(${JSON.stringify(file)}, { nativeBinding: null });
      console.log(database.get('SELECT b FROM t').b);
      database.close();`;

    const env = { ...process.env, SQLITE_USE_URI: '0', TMPDIR: folder };
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { env, encoding: 'utf8' });

    expect(said.trim()).toBe('x');
    expect(files()).toEqual(before);
  });
});
