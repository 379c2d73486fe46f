import type { Agent } from '../../../shared/exchange.ts';
import type { HistoryPrompt, ParsedRecord, SubagentLink } from '../../../shared/record.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { InvariantError } from '../core/errors.ts';
import type { Database, Statement } from './database.ts';
import { packRecordKey } from './record-key.ts';
import { addToCounter } from './record-table.ts';

interface Seen {
  readonly id: number;
  project: string | null;
  startedAt: EpochMs | null;
  lastAt: EpochMs | null;
  ownSince: EpochMs | null;
  isDirty: boolean;
}

interface StoredSession {
  readonly id: number;
  readonly project: string | null;
  readonly started_at: EpochMs | null;
  readonly last_at: EpochMs | null;
  readonly own_since: EpochMs | null;
}

/** An exchange that several sessions hold, with what tells the original from the copies. */
export interface SharedExchange {
  readonly agent: Agent;
  readonly key: string;
  readonly candidates: readonly {
    readonly sessionId: string;
    readonly promptAt: EpochMs | null;
    readonly ownSince: EpochMs | null;
  }[];
}

const REMEMBERED_LINKS = 50_000;

/** Rows of `session`, `exchange_session`, `subagent` and `history_prompt`. Times are collected, and written once per batch. */
export class SessionTable {
  readonly #database: Database;
  readonly #seen = new Map<string, Seen>();
  readonly #links = new Set<string>();
  /** Exchanges of which another session turned out to hold a copy, and sessions of which an older line of their own came. */
  readonly #shared = new Set<number>();
  readonly #aged = new Set<number>();

  readonly #exchangesOf: Statement<[number], { readonly exchange: number }>;
  readonly #holders: Statement<
    [number],
    SharedExchange['candidates'][number] & { readonly agent: Agent; readonly key: string }
  >;

  constructor(database: Database) {
    this.#database = database;
    this.#exchangesOf = database.prepare('SELECT exchange FROM exchange_session WHERE session = ?');
    this.#holders = database.prepare(
      `SELECT e.agent, e.key, s.native_id AS sessionId, es.prompt_at AS promptAt,
              coalesce(s.own_since, s.last_at) AS ownSince
       FROM exchange_session es JOIN session s ON s.id = es.session JOIN exchange e ON e.id = es.exchange WHERE es.exchange = ?`,
    );
  }

  forget(): void {
    this.#seen.clear();
    this.#links.clear();
    this.#shared.clear();
    this.#aged.clear();
  }

  idOf(agent: Agent, sessionId: string): number {
    return this.#open(agent, sessionId).id;
  }

  /** Takes what a record says about its session. */
  see(agent: Agent, sessionId: string, record: ParsedRecord): void {
    const seen = this.#open(agent, sessionId);
    if (seen.project === null && record.cwd !== null) {
      seen.project = record.cwd;
      seen.isDirty = true;
    }
    if (record.at === null) return;
    // Records without an id of their own are not copied by forks, so they tell how old a session really is.
    if (record.key.startsWith('#') && (seen.ownSince === null || record.at < seen.ownSince)) {
      seen.ownSince = record.at;
      seen.isDirty = true;
      this.#aged.add(seen.id);
    }
    if (seen.startedAt === null || record.at < seen.startedAt) {
      seen.startedAt = record.at;
      seen.isDirty = true;
    }
    if (seen.lastAt === null || record.at > seen.lastAt) {
      seen.lastAt = record.at;
      seen.isDirty = true;
    }
  }

  title(agent: Agent, title: { readonly text: string; readonly rank: number; readonly sessionId: string }): void {
    this.#database
      .prepare('UPDATE session SET title = ?, title_rank = ? WHERE id = ? AND title_rank <= ?')
      .run(title.text.toWellFormed(), title.rank, this.idOf(agent, title.sessionId), title.rank);
  }

  /** @param promptAt time of the prompt in this session's transcript; null for another record of the exchange */
  holds(agent: Agent, sessionId: string, exchange: number, promptAt: EpochMs | null): void {
    const { id } = this.#open(agent, sessionId);
    const link = `${id} ${exchange} ${promptAt ?? ''}`;
    if (this.#links.has(link)) return;
    this.#database
      .prepare(
        `INSERT INTO exchange_session (session, exchange, prompt_at) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET prompt_at = excluded.prompt_at WHERE excluded.prompt_at IS NOT NULL`,
      )
      .run(id, exchange, promptAt);
    this.#shared.add(exchange);
    if (this.#links.size >= REMEMBERED_LINKS) this.#links.clear();
    this.#links.add(link);
  }

  linkSubagent(agent: Agent, link: SubagentLink): void {
    this.#database
      .prepare(
        'INSERT OR REPLACE INTO subagent (agent, subagent_id, session, tool_use_id, description) VALUES (?, ?, ?, ?, ?)',
      )
      .run(agent, link.subagentId, link.sessionId, link.toolUseId, link.description);
  }

  addHistory(agent: Agent, key: string, prompt: HistoryPrompt): void {
    this.#database
      .prepare(
        'INSERT OR IGNORE INTO history_prompt (key, agent, text, at, project, session) VALUES (?, ?, ?, ?, ?, ?)',
      )
      .run(packRecordKey(key), agent, prompt.text.toWellFormed(), prompt.at, prompt.project, prompt.sessionId);
  }

  flush(): void {
    for (const seen of this.#seen.values()) {
      if (!seen.isDirty) continue;
      this.#database
        .prepare('UPDATE session SET project = ?, started_at = ?, last_at = ?, own_since = ? WHERE id = ?')
        .run(seen.project, seen.startedAt, seen.lastAt, seen.ownSince, seen.id);
      seen.isDirty = false;
    }
  }

  /** Exchanges whose owner must be found anew, because this batch showed more of the sessions that hold them. Call after {@link flush}. */
  takeShared(): SharedExchange[] {
    const shared = new Set(this.#shared);
    for (const session of this.#aged) {
      for (const { exchange } of this.#exchangesOf.all(session)) shared.add(exchange);
    }
    this.#shared.clear();
    this.#aged.clear();
    return [...shared].flatMap((exchange) => {
      const rows = this.#holders.all(exchange);
      const [first] = rows;
      return first === undefined || rows.length < 2 ? [] : [{ agent: first.agent, key: first.key, candidates: rows }];
    });
  }

  #open(agent: Agent, sessionId: string): Seen {
    const name = `${agent} ${sessionId}`;
    const remembered = this.#seen.get(name);
    if (remembered !== undefined) return remembered;
    const { changes } = this.#database
      .prepare('INSERT OR IGNORE INTO session (agent, native_id) VALUES (?, ?)')
      .run(agent, sessionId);
    addToCounter(this.#database, 'sessions', changes);
    const row = this.#database
      .prepare<[string, string], StoredSession>(
        'SELECT id, project, started_at, last_at, own_since FROM session WHERE agent = ? AND native_id = ?',
      )
      .get(agent, sessionId);
    if (row === undefined) throw new InvariantError('a session vanished while it was made');
    const seen: Seen = {
      id: row.id,
      project: row.project,
      startedAt: row.started_at,
      lastAt: row.last_at,
      ownSince: row.own_since,
      isDirty: false,
    };
    this.#seen.set(name, seen);
    return seen;
  }
}
