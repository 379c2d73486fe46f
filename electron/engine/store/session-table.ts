import type { Agent } from '../../../shared/exchange.ts';
import type { HistoryPrompt, ParsedRecord, SubagentLink } from '../../../shared/record.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { InvariantError } from '../core/errors.ts';
import type { CounterTable } from './counter-table.ts';
import type { Database, Statement } from './database.ts';
import { packRecordKey } from './record-key.ts';

interface Seen {
  readonly id: number;
  readonly agent: Agent;
  readonly nativeId: string;
  /** Exchanges that it is known to hold, with the time of the prompt in it. */
  readonly links: Map<number, EpochMs | null>;
  project: string | null;
  startedAt: EpochMs | null;
  lastAt: EpochMs | null;
  ownSince: EpochMs | null;
  exchanges: number;
  subagentExchanges: number;
}

interface StoredSession {
  readonly id: number;
  readonly project: string | null;
  readonly started_at: EpochMs | null;
  readonly last_at: EpochMs | null;
  readonly own_since: EpochMs | null;
  readonly exchanges: number;
  readonly subagent_exchanges: number;
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

export interface HeldExchange {
  readonly id: number;
  readonly isSubagent: boolean;
}

const REMEMBERED_LINKS = 50_000;

/** Rows of `session`, `exchange_session`, `subagent` and `history_prompt`. Times are collected, and written once per batch. */
export class SessionTable {
  readonly #counters: CounterTable;
  readonly #seen = new Map<string, Seen>();
  readonly #dirty = new Set<Seen>();
  #latest: Seen | null = null;
  #linkCount = 0;
  /** Exchanges of which another session turned out to hold a copy, and sessions whose age is seen differently now. */
  readonly #shared = new Set<number>();
  readonly #aged = new Set<number>();

  readonly #insert: Statement<[string, string], unknown>;
  readonly #find: Statement<[string, string], StoredSession>;
  readonly #update: Statement<unknown[], unknown>;
  readonly #setTitle: Statement<unknown[], unknown>;
  readonly #link: Statement<unknown[], unknown>;
  readonly #earlier: Statement<unknown[], unknown>;
  readonly #linkSubagent: Statement<unknown[], unknown>;
  readonly #addHistory: Statement<unknown[], unknown>;
  readonly #sharedOf: Statement<[number], { readonly exchange: number }>;
  readonly #second: Statement<[number], unknown>;
  readonly #holders: Statement<
    [number],
    SharedExchange['candidates'][number] & { readonly agent: Agent; readonly key: string }
  >;

  constructor(database: Database, counters: CounterTable) {
    this.#counters = counters;
    this.#insert = database.prepare('INSERT OR IGNORE INTO session (agent, native_id) VALUES (?, ?)');
    this.#find = database.prepare(
      `SELECT id, project, started_at, last_at, own_since, exchanges, subagent_exchanges
       FROM session WHERE agent = ? AND native_id = ?`,
    );
    this.#update = database.prepare(
      `UPDATE session SET project = ?, started_at = ?, last_at = ?, own_since = ?, exchanges = ?, subagent_exchanges = ?
       WHERE id = ?`,
    );
    this.#setTitle = database.prepare('UPDATE session SET title = ?, title_rank = ? WHERE id = ? AND title_rank <= ?');
    this.#link = database.prepare(
      'INSERT OR IGNORE INTO exchange_session (session, exchange, prompt_at) VALUES (?, ?, ?)',
    );
    // Of several times of one prompt in one session the earliest stands, in whatever order they come.
    this.#earlier = database.prepare(
      `UPDATE exchange_session SET prompt_at = ? WHERE session = ? AND exchange = ? AND ? < coalesce(prompt_at, ? + 1)`,
    );
    this.#linkSubagent = database.prepare(
      'INSERT OR REPLACE INTO subagent (agent, subagent_id, session, tool_use_id, description) VALUES (?, ?, ?, ?, ?)',
    );
    this.#addHistory = database.prepare(
      'INSERT OR IGNORE INTO history_prompt (key, agent, text, at, project, session) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#sharedOf = database.prepare(
      `SELECT es.exchange FROM exchange_session es WHERE es.session = ?
       AND EXISTS (SELECT 1 FROM exchange_session other WHERE other.exchange = es.exchange AND other.session <> es.session)`,
    );
    this.#second = database.prepare('SELECT 1 FROM exchange_session WHERE exchange = ? LIMIT 1 OFFSET 1');
    this.#holders = database.prepare(
      `SELECT e.agent, e.key, s.native_id AS sessionId, es.prompt_at AS promptAt,
              coalesce(s.own_since, s.last_at) AS ownSince
       FROM exchange_session es JOIN session s ON s.id = es.session JOIN exchange e ON e.id = es.exchange WHERE es.exchange = ?`,
    );
  }

  forget(): void {
    for (const remembered of [this.#seen, this.#dirty, this.#shared, this.#aged]) remembered.clear();
    this.#latest = null;
    this.#linkCount = 0;
  }

  idOf(agent: Agent, sessionId: string): number {
    return this.#open(agent, sessionId).id;
  }

  /** Takes what a record says about its session. */
  see(agent: Agent, sessionId: string, record: ParsedRecord): void {
    const seen = this.#open(agent, sessionId);
    if (seen.project === null && record.cwd !== null) {
      seen.project = record.cwd;
      this.#dirty.add(seen);
    }
    const { at } = record;
    if (at === null) return;
    const isYounger = seen.lastAt === null || at > seen.lastAt;
    // Records without an id of their own are not copied by forks, so they tell how old a session really is.
    if (record.key.startsWith('#') && (seen.ownSince === null || at < seen.ownSince)) {
      seen.ownSince = at;
      this.#aged.add(seen.id);
      this.#dirty.add(seen);
    } else if (isYounger && seen.ownSince === null) {
      this.#aged.add(seen.id);
    }
    if (isYounger || seen.startedAt === null || at < seen.startedAt) {
      seen.startedAt = Math.min(seen.startedAt ?? at, at);
      seen.lastAt = Math.max(seen.lastAt ?? at, at);
      this.#dirty.add(seen);
    }
  }

  title(agent: Agent, title: { readonly text: string; readonly rank: number; readonly sessionId: string }): void {
    this.#setTitle.run(title.text.toWellFormed(), title.rank, this.idOf(agent, title.sessionId), title.rank);
  }

  /** True when {@link holds} would change nothing. Without a look into the database: most records are of a known pair. */
  isKnownToHold(agent: Agent, sessionId: string, exchange: number, promptAt: EpochMs | null): boolean {
    const known = this.#open(agent, sessionId).links.get(exchange);
    return known !== undefined && (promptAt === null || (known !== null && known <= promptAt));
  }

  /** @param promptAt time of the prompt in this session's transcript; null for another record of the exchange */
  holds(agent: Agent, sessionId: string, exchange: HeldExchange, promptAt: EpochMs | null): void {
    const { id, isSubagent } = exchange;
    if (this.isKnownToHold(agent, sessionId, id, promptAt)) return;
    const seen = this.#open(agent, sessionId);
    const isNew = this.#link.run(seen.id, id, promptAt).changes > 0;
    if (isNew) this.#countHeld(seen, isSubagent);
    const isEarlier =
      !isNew && promptAt !== null && this.#earlier.run(promptAt, seen.id, id, promptAt, promptAt).changes > 0;
    if (isNew || isEarlier) this.#shared.add(id);
    if (this.#linkCount >= REMEMBERED_LINKS) this.#forgetLinks();
    this.#linkCount += 1;
    seen.links.set(id, promptAt);
  }

  #countHeld(seen: Seen, isSubagent: boolean): void {
    if (seen.exchanges + seen.subagentExchanges === 0) this.#counters.add('sessions', 1);
    if (isSubagent) seen.subagentExchanges += 1;
    else seen.exchanges += 1;
    this.#dirty.add(seen);
  }

  linkSubagent(agent: Agent, link: SubagentLink): void {
    this.#linkSubagent.run(agent, link.subagentId, link.sessionId, link.toolUseId, link.description);
  }

  addHistory(agent: Agent, key: string, prompt: HistoryPrompt): void {
    const { text, at, project, sessionId } = prompt;
    this.#addHistory.run(packRecordKey(key), agent, text.toWellFormed(), at, project, sessionId);
  }

  flush(): void {
    for (const seen of this.#dirty) {
      const { project, startedAt, lastAt, ownSince, exchanges, subagentExchanges, id } = seen;
      this.#update.run(project, startedAt, lastAt, ownSince, exchanges, subagentExchanges, id);
    }
    this.#dirty.clear();
  }

  /** Exchanges whose owner must be found anew, because this batch showed more of the sessions that hold them. Call after {@link flush}. */
  takeShared(): SharedExchange[] {
    const shared = new Set(this.#shared);
    for (const session of this.#aged) {
      for (const { exchange } of this.#sharedOf.all(session)) shared.add(exchange);
    }
    this.#shared.clear();
    this.#aged.clear();
    return [...shared].flatMap((exchange) => {
      if (this.#second.get(exchange) === undefined) return [];
      const rows = this.#holders.all(exchange);
      const [first] = rows;
      return first === undefined ? [] : [{ agent: first.agent, key: first.key, candidates: rows }];
    });
  }

  #forgetLinks(): void {
    for (const seen of this.#seen.values()) seen.links.clear();
    this.#linkCount = 0;
  }

  #open(agent: Agent, sessionId: string): Seen {
    const latest = this.#latest;
    if (latest !== null && latest.nativeId === sessionId && latest.agent === agent) return latest;
    const seen = this.#findOrMake(agent, sessionId);
    this.#latest = seen;
    return seen;
  }

  #findOrMake(agent: Agent, sessionId: string): Seen {
    const name = `${agent} ${sessionId}`;
    const remembered = this.#seen.get(name);
    if (remembered !== undefined) return remembered;
    this.#insert.run(agent, sessionId);
    const row = this.#find.get(agent, sessionId);
    if (row === undefined) throw new InvariantError('a session vanished while it was made');
    const seen: Seen = {
      id: row.id,
      agent,
      nativeId: sessionId,
      links: new Map(),
      project: row.project,
      startedAt: row.started_at,
      lastAt: row.last_at,
      ownSince: row.own_since,
      exchanges: row.exchanges,
      subagentExchanges: row.subagent_exchanges,
    };
    this.#seen.set(name, seen);
    return seen;
  }
}
