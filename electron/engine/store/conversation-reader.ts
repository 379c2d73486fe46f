/** Everything that is read from the database: lists, exchanges, search, positions, counts. Never writes. */
import {
  HIT_END,
  HIT_START,
  type Agent,
  type Exchange,
  type ExchangeSummary,
  type SearchHit,
  type SessionSummary,
} from '../../../shared/exchange.ts';
import type { ExchangePage, SessionDetail } from '../../../shared/ipc.ts';
import type { DeadLetter } from '../../../shared/status.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { StoreError, EngineError } from '../core/errors.ts';
import type { Database } from './database.ts';
import { EXCHANGE_COLUMNS, draftOf, stateOf, type ExchangeRow } from './exchange-table.ts';
import { agentNumber } from './record-table.ts';
import { packRecordKey } from './record-key.ts';
import { toFtsQuery } from './search-query.ts';

/** Committed state of one archived file. */
export interface StoredGeneration {
  readonly archivePath: string;
  readonly sourcePath: string | null;
  readonly session: string | null;
  readonly kind: 'lines' | 'blob';
  readonly committed: number;
  readonly lines: number;
  readonly records: number;
}

export interface StoreCounts {
  readonly exchanges: number;
  readonly subagentExchanges: number;
  readonly sessions: number;
  readonly records: number;
  readonly deadLetters: number;
  readonly lastSaveAt: EpochMs | null;
  readonly savesLastHour: number;
  readonly errorsLastHour: number;
}

export interface MinuteRow {
  readonly at: EpochMs;
  readonly saved: number;
  readonly errors: number;
}

interface SummaryRow {
  readonly key: string;
  readonly session: string;
  readonly title: string;
  readonly project: string | null;
  readonly started_at: EpochMs | null;
  readonly saved_at: EpochMs;
  readonly revision: number;
  readonly state: string;
  readonly is_subagent: number;
}

const HOUR_MS = 3_600_000;
const TITLE_LENGTH = 200;
const SNIPPET_TOKENS = 24;

const GENERATION_SELECT =
  'SELECT archive_path AS archivePath, source_path AS sourcePath, session, kind, committed, lines, records FROM generation';

const SUMMARY_COLUMNS = `e.key, s.native_id AS session, substr(e.prompt, 1, ${TITLE_LENGTH}) AS title, e.project, e.started_at,
  e.saved_at, e.revision, e.state, e.is_subagent`;

export class ConversationReader {
  readonly #database: Database;

  readonly #sourceExists: (sourcePath: string) => boolean;

  constructor(database: Database, sourceExists: (sourcePath: string) => boolean) {
    this.#database = database;
    this.#sourceExists = sourceExists;
  }

  positions(): StoredGeneration[] {
    return this.#database.prepare<[], StoredGeneration>(GENERATION_SELECT).all();
  }

  counts(now: EpochMs): StoreCounts {
    const counters = new Map(
      this.#database
        .prepare<[], { readonly name: string; readonly value: number }>('SELECT name, value FROM counter')
        .all()
        .map((row) => [row.name, row.value]),
    );
    const last = this.#database
      .prepare<[], { readonly at: EpochMs | null }>('SELECT max(saved_at) AS at FROM exchange')
      .get();
    const hour = this.#database
      .prepare<[number], { readonly saved: number | null; readonly errors: number | null }>(
        'SELECT sum(saved) AS saved, sum(errors) AS errors FROM minute WHERE minute > ?',
      )
      .get(now - HOUR_MS);
    const letters = this.#database
      .prepare<[], { readonly kept: number }>(`SELECT count(*) AS kept FROM dead_letter WHERE state = 'kept'`)
      .get();
    return {
      exchanges: counters.get('exchanges') ?? 0,
      subagentExchanges: counters.get('subagent_exchanges') ?? 0,
      sessions: counters.get('sessions') ?? 0,
      records: counters.get('records') ?? 0,
      deadLetters: letters?.kept ?? 0,
      lastSaveAt: last?.at ?? null,
      savesLastHour: hour?.saved ?? 0,
      errorsLastHour: hour?.errors ?? 0,
    };
  }

  minutes(since: EpochMs): MinuteRow[] {
    return this.#database
      .prepare<[number], MinuteRow>('SELECT minute AS at, saved, errors FROM minute WHERE minute > ? ORDER BY minute')
      .all(since);
  }

  recent(limit: number): ExchangeSummary[] {
    return this.#database
      .prepare<[number], SummaryRow>(
        `SELECT ${SUMMARY_COLUMNS} FROM exchange e JOIN session s ON s.id = e.session ORDER BY e.saved_at DESC, e.id DESC LIMIT ?`,
      )
      .all(limit)
      .map(summaryOf);
  }

  sessions(limit: number, offset: number, project: string | null): SessionSummary[] {
    const rows = this.#database
      .prepare<[string | null, string | null, number, number], SessionRow>(
        `${SESSION_SELECT} WHERE (? IS NULL OR s.project = ?) AND ${HAS_EXCHANGES} ORDER BY s.last_at DESC, s.id DESC LIMIT ? OFFSET ?`,
      )
      .all(project, project, limit, offset);
    return rows.map((row) => this.#sessionOf(row));
  }

  /** Sessions whose id is, or begins with, the text. */
  sessionsNamed(session: string): SessionSummary[] {
    const escaped = session.replace(/[\\%_]/g, (character) => `\\${character}`);
    const rows = this.#database
      .prepare<[string], SessionRow>(
        `${SESSION_SELECT} WHERE s.native_id LIKE ? ESCAPE '\\' ORDER BY s.last_at DESC LIMIT 20`,
      )
      .all(`${escaped}%`);
    const exact = rows.filter((row) => row.native_id === session);
    return (exact.length > 0 ? exact : rows).map((row) => this.#sessionOf(row));
  }

  /** Errors: NOT_FOUND, AMBIGUOUS. */
  session(session: string): SessionDetail {
    const summary = onlyOne(this.sessionsNamed(session), session);
    const exchanges = this.#database
      .prepare<[string, string], ExchangeRow>(
        `SELECT ${EXCHANGE_COLUMNS} FROM exchange e JOIN session s ON s.id = e.session
         WHERE e.id IN (SELECT es.exchange FROM exchange_session es JOIN session x ON x.id = es.session
                        WHERE x.agent = ? AND x.native_id = ?)
         ORDER BY e.started_at, e.id`,
      )
      .all(summary.agent, summary.id)
      .map((row) => this.#exchangeOf(row));
    return { session: summary, exchanges };
  }

  page(after: number, limit: number): ExchangePage {
    const rows = this.#database
      .prepare<[number, number], ExchangeRow>(
        `SELECT ${EXCHANGE_COLUMNS} FROM exchange e JOIN session s ON s.id = e.session WHERE e.id > ? ORDER BY e.id LIMIT ?`,
      )
      .all(after, limit);
    return {
      items: rows.map((row) => this.#exchangeOf(row)),
      next: rows.length < limit ? null : (rows.at(-1)?.id ?? null),
    };
  }

  search(query: string, limit: number): SearchHit[] {
    const match = toFtsQuery(query);
    if (match === null) return [];
    return this.#database
      .prepare<[string, string, string, number], SummaryRow & { readonly snippet: string }>(
        `SELECT ${SUMMARY_COLUMNS}, snippet(exchange_fts, -1, ?, ?, '…', ${SNIPPET_TOKENS}) AS snippet
         FROM exchange_fts JOIN exchange e ON e.id = exchange_fts.rowid JOIN session s ON s.id = e.session
         WHERE exchange_fts MATCH ? ORDER BY e.started_at DESC, e.id DESC LIMIT ?`,
      )
      .all(HIT_START, HIT_END, match, limit)
      .map((row) => ({ exchange: summaryOf(row), snippet: row.snippet }));
  }

  deadLetters(limit: number): DeadLetter[] {
    return this.#database
      .prepare<[number], DeadLetter>(
        `SELECT d.id, g.archive_path AS archivePath, g.source_path AS sourcePath, d.start, d."end", d.reason, d.at, d.state
         FROM dead_letter d JOIN generation g ON g.id = d.generation WHERE d.state = 'kept' ORDER BY d.id DESC LIMIT ?`,
      )
      .all(limit);
  }

  /** Prompts of the agents' own histories that no saved exchange of the same session holds. */
  captureGap(): number {
    const row = this.#database
      .prepare<[], { readonly gap: number }>(
        `SELECT count(*) AS gap FROM history_prompt h
         WHERE h.session IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM session s JOIN exchange_session es ON es.session = s.id JOIN exchange e ON e.id = es.exchange
           WHERE s.agent = h.agent AND s.native_id = h.session AND trim(e.prompt) = trim(h.text))`,
      )
      .get();
    return row?.gap ?? 0;
  }

  hasRecord(agent: Agent, key: string): boolean {
    return (
      this.#database
        .prepare('SELECT 1 FROM record WHERE key = ? AND agent = ?')
        .get(packRecordKey(key), agentNumber(agent)) !== undefined
    );
  }

  isSetAside(archivePath: string, start: number): boolean {
    return (
      this.#database
        .prepare(
          `SELECT 1 FROM dead_letter d JOIN generation g ON g.id = d.generation WHERE g.archive_path = ? AND d.start = ? AND d.state <> 'recovered'`,
        )
        .get(archivePath, start) !== undefined
    );
  }

  /** Things that stand twice although they may stand only once, found by grouping, not by trusting the unique keys. */
  duplicates(): number {
    const queries = [
      'SELECT count(*) AS n FROM (SELECT 1 FROM record GROUP BY key, agent HAVING count(*) > 1)',
      'SELECT count(*) AS n FROM (SELECT 1 FROM exchange GROUP BY agent, key HAVING count(*) > 1)',
      `SELECT abs((SELECT count(*) FROM exchange) - (SELECT count(*) FROM exchange_fts_docsize)) AS n`,
      `SELECT count(*) AS n FROM (SELECT 1 FROM exchange e, json_each(e.parts, '$.parts') p
         WHERE json_extract(p.value, '$[0]') = 'u' AND json_extract(p.value, '$[3]') IS NOT NULL
         GROUP BY e.agent, json_extract(p.value, '$[3]') HAVING count(*) > 1)`,
    ];
    return queries.reduce(
      (sum, sql) => sum + (this.#database.prepare<[], { readonly n: number }>(sql).get()?.n ?? 0),
      0,
    );
  }

  drift(): number {
    const row = this.#database
      .prepare<[], { readonly n: number }>(
        'SELECT count(*) AS n FROM record r JOIN record_type t ON t.id = r.type WHERE t.is_known = 0',
      )
      .get();
    return row?.n ?? 0;
  }

  #sessionOf(row: SessionRow): SessionSummary {
    return {
      id: row.native_id,
      agent: row.agent,
      title: row.title ?? row.first_prompt ?? '',
      project: row.project,
      startedAt: row.started_at,
      lastAt: row.last_at,
      exchanges: row.exchanges,
      subagentExchanges: row.subagent_exchanges,
      sourcePresent: this.#generationsOf(row.native_id).some(
        (generation) => generation.sourcePath !== null && this.#sourceExists(generation.sourcePath),
      ),
    };
  }

  #generationsOf(session: string): StoredGeneration[] {
    return this.#database.prepare<[string], StoredGeneration>(`${GENERATION_SELECT} WHERE session = ?`).all(session);
  }

  #exchangeOf(row: ExchangeRow): Exchange {
    const sessionIds = this.#database
      .prepare<[number], { readonly id: string }>(
        'SELECT s.native_id AS id FROM exchange_session es JOIN session s ON s.id = es.session WHERE es.exchange = ? ORDER BY s.native_id',
      )
      .all(row.id)
      .map((session) => session.id);
    return { ...draftOf(row), sessionIds: sessionIds.length > 0 ? sessionIds : [row.session_native] };
  }
}

interface SessionRow {
  readonly agent: Agent;
  readonly native_id: string;
  readonly title: string | null;
  readonly first_prompt: string | null;
  readonly project: string | null;
  readonly started_at: EpochMs | null;
  readonly last_at: EpochMs | null;
  readonly exchanges: number;
  readonly subagent_exchanges: number;
}

const HAS_EXCHANGES = 'EXISTS (SELECT 1 FROM exchange_session es WHERE es.session = s.id)';
const OF_SESSION = 'FROM exchange_session es JOIN exchange e ON e.id = es.exchange WHERE es.session = s.id';
const SESSION_SELECT = `SELECT s.agent, s.native_id, s.title, s.project, s.started_at, s.last_at,
  (SELECT substr(e.prompt, 1, ${TITLE_LENGTH}) ${OF_SESSION} AND e.is_subagent = 0 ORDER BY e.started_at, e.id LIMIT 1) AS first_prompt,
  (SELECT count(*) ${OF_SESSION} AND e.is_subagent = 0) AS exchanges,
  (SELECT count(*) ${OF_SESSION} AND e.is_subagent = 1) AS subagent_exchanges
  FROM session s`;

function summaryOf(row: SummaryRow): ExchangeSummary {
  return {
    key: row.key,
    sessionId: row.session,
    title: row.title,
    project: row.project,
    startedAt: row.started_at,
    savedAt: row.saved_at,
    revision: row.revision,
    state: stateOf(row.state),
    isSubagent: row.is_subagent === 1,
  };
}

function onlyOne(found: readonly SessionSummary[], asked: string): SessionSummary {
  const [first] = found;
  if (first === undefined) {
    throw new EngineError('NOT_FOUND', `no saved session begins with "${asked}"; \`holdfast list\` shows them all`);
  }
  if (found.length > 1) {
    throw new StoreError('AMBIGUOUS', `${found.length} saved sessions begin with "${asked}"; give more of the id`);
  }
  return first;
}
