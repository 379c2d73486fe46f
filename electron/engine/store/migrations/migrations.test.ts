import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import { REQUESTS } from '../../../../shared/ipc.ts';
import { ConversationSearch } from '../conversation-search.ts';
import { openDatabase } from '../database.ts';
import { FIRST } from './0001-first.ts';
import { MIGRATIONS } from './migrations.ts';

const AT = Date.UTC(2026, 4, 1);
/** More than have room in one second. */
const CROWD = 70;

it('an older database keeps its exchanges, in the order of time, with all that points at them', () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-migration-'));
  const file = path.join(directory, 'holdfast.db');
  const old = new Sqlite(file);
  old.exec(FIRST);
  old.pragma('user_version = 1');
  old.exec(`INSERT INTO session (id, agent, native_id) VALUES (1, 'claude-code', 's');
    INSERT INTO generation (id, archive_path, agent, kind, first_saved_at, last_saved_at) VALUES (1, 'g', 'claude-code', 'lines', 1, 1);
    INSERT INTO record_type (id, agent, name, is_known) VALUES (1, 'claude-code', 'user', 1)`);
  const insert = old.prepare(
    `INSERT INTO exchange (id, agent, key, session, state, started_at, saved_at, lane, prompt) VALUES (?, 'claude-code', ?, 1, 'open', ?, ?, 'main', 'otters')`,
  );
  for (let id = 1; id <= CROWD; id += 1) {
    // The last is the oldest; the others began in the same second.
    insert.run(id, `p${id}`, id === CROWD ? AT - 5000 : AT, AT);
    old.prepare('INSERT INTO exchange_session (session, exchange) VALUES (1, ?)').run(id);
    old
      .prepare(
        'INSERT INTO record (key, agent, type, generation, start, length, exchange) VALUES (?, 0, 1, 1, ?, 1, ?)',
      )
      .run(Buffer.from(`p${id}`), id, id);
  }
  old.close();

  const database = openDatabase(file, { nativeBinding: null });
  try {
    expect(database.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
    expect(database.pragma('foreign_key_check')).toEqual([]);
    const mismatched = database
      .prepare(`SELECT count(*) FROM record r JOIN exchange e ON e.id = r.exchange WHERE CAST(r.key AS TEXT) <> e.key`)
      .pluck();
    expect(mismatched.get()).toBe(0);
    expect(database.prepare('SELECT count(*) FROM exchange_session JOIN exchange ON id = exchange').pluck().get()).toBe(
      CROWD,
    );
    const request = REQUESTS['search.query'].args.parse({ query: 'otters', limit: 500, agent: 'claude-code' });
    const keys = new ConversationSearch(database).search(request).map((hit) => hit.exchange.key);
    expect(keys).toEqual([...Array.from({ length: CROWD - 1 }, (_, index) => `p${CROWD - 1 - index}`), `p${CROWD}`]);
  } finally {
    database.close();
    rmSync(directory, { recursive: true });
  }
});
