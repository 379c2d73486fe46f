/** What a database says, in terms that do not depend on row ids, so that two databases can be compared. */
import type { Database } from '../database.ts';

/** Everything that must be the same in whatever order and pieces the same files were read. */
export function meaningOf(database: Database): Readonly<Record<string, readonly unknown[]>> {
  const all = (sql: string): readonly unknown[] => database.prepare(sql).raw().all();
  return {
    exchanges: all(
      `SELECT e.agent, e.key, s.native_id, e.project, e.prompt, e.answer, e.tools, e.thinking, e.parts, e.state, e.started_at,
              e.ended_at, e.revision, e.is_subagent, e.subagent_id, e.lane, e.absorbed_by
       FROM exchange e JOIN session s ON s.id = e.session ORDER BY e.agent, e.key`,
    ),
    records: all(
      `SELECT hex(r.key), t.name, r.at, e.key FROM record r JOIN record_type t ON t.id = r.type
       LEFT JOIN exchange e ON e.id = r.exchange ORDER BY r.key`,
    ),
    places: all(
      `SELECT hex(key), archive_path, start FROM (
         SELECT key, generation, start FROM record UNION SELECT key, generation, start FROM occurrence)
       JOIN generation g ON g.id = generation ORDER BY archive_path, start`,
    ),
    sessions: all('SELECT agent, native_id, title, started_at, last_at, own_since FROM session ORDER BY native_id'),
    holders: all(
      `SELECT s.native_id, e.key, es.prompt_at FROM exchange_session es JOIN session s ON s.id = es.session
       JOIN exchange e ON e.id = es.exchange ORDER BY s.native_id, e.key`,
    ),
    files: all(
      'SELECT archive_path, session, kind, committed, lanes, lines, records FROM generation ORDER BY archive_path',
    ),
    letters: all(
      `SELECT g.archive_path, d.start, d."end", d.reason, d.state FROM dead_letter d JOIN generation g ON g.id = d.generation
       ORDER BY g.archive_path, d.start`,
    ),
    subagents: all(
      'SELECT agent, subagent_id, session, tool_use_id, description FROM subagent ORDER BY session, subagent_id',
    ),
    history: all('SELECT hex(key), text, at, project, session FROM history_prompt ORDER BY key'),
    counters: all(`SELECT name, value FROM counter WHERE name <> 'change_seq' ORDER BY name`),
    indexed: all('SELECT count(*) FROM exchange_fts_docsize'),
  };
}

/** Every row as it stands, order of change included; only the hashes and times of reading stay out. */
export function rowsOf(database: Database): Readonly<Record<string, readonly unknown[]>> {
  const tables = [
    'exchange',
    'exchange_session',
    'record',
    'occurrence',
    'session',
    'counter',
    'dead_letter',
    'minute',
  ];
  return Object.fromEntries(
    tables.map((table) => [table, database.prepare(`SELECT * FROM ${table}`).raw().all()] as const),
  );
}
