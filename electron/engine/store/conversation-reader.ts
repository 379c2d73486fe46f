/** Saved conversations as people and programs look at them: lists, sessions, exchanges, search. Never writes. */
import {
  type Agent,
  type Exchange,
  type ExchangeSummary,
  type SearchHit,
  type SessionSummary,
} from '../../../shared/exchange.ts';
import type { ExchangePage, SessionDetail } from '../../../shared/ipc.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { StoreError, EngineError } from '../core/errors.ts';
import type { Database, Statement } from './database.ts';
import { ConversationSearch, type SearchRequest } from './conversation-search.ts';
import { SUMMARY_COLUMNS, summaryOf, TITLE_LENGTH, type SummaryRow } from './exchange-summary.ts';
import { EXCHANGE_COLUMNS, draftOf, type ExchangeRow } from './exchange-table.ts';
import { GENERATION_SELECT, type StoredGeneration } from './store-figures.ts';

export class ConversationReader {
  readonly #database: Database;
  readonly #sourceExists: (sourcePath: string) => boolean;
  readonly #recent: Statement<[number], SummaryRow>;
  readonly #generationsOf: Statement<[string], StoredGeneration>;
  readonly #holdersOf: Statement<[number], { readonly id: string }>;
  readonly #search: ConversationSearch;

  constructor(database: Database, sourceExists: (sourcePath: string) => boolean) {
    this.#database = database;
    this.#sourceExists = sourceExists;
    this.#recent = database.prepare(
      `SELECT ${SUMMARY_COLUMNS} FROM exchange e JOIN session s ON s.id = e.session ORDER BY e.saved_at DESC, e.id DESC LIMIT ?`,
    );
    this.#generationsOf = database.prepare(`${GENERATION_SELECT} WHERE session = ?`);
    this.#holdersOf = database.prepare(
      'SELECT s.native_id AS id FROM exchange_session es JOIN session s ON s.id = es.session WHERE es.exchange = ? ORDER BY s.native_id',
    );
    this.#search = new ConversationSearch(database);
  }

  recent(limit: number): ExchangeSummary[] {
    return this.#recent.all(limit).map(summaryOf);
  }

  sessions(limit: number, offset: number, project: string | null): SessionSummary[] {
    const rows = this.#database
      .prepare<[string | null, string | null, number, number], SessionRow>(
        `${SESSION_SELECT} WHERE (? IS NULL OR s.project = ?) AND ${HAS_EXCHANGES} ORDER BY s.last_at DESC, s.id DESC LIMIT ? OFFSET ?`,
      )
      .all(project, project, limit, offset);
    return rows.map((row) => this.#sessionOf(row));
  }

  /** Sessions whose id is the text; else those that begin with it. Ones without any exchange count only among themselves. */
  sessionsNamed(session: string): SessionSummary[] {
    const find = (where: string, text: string): readonly SessionRow[] =>
      this.#database
        .prepare<[string], SessionRow>(`${SESSION_SELECT} WHERE ${where} ORDER BY s.last_at DESC LIMIT 20`)
        .all(text);
    const exact = find('s.native_id = ?', session);
    const prefix = `${session.replace(/[\\%_]/g, (character) => `\\${character}`)}%`;
    const rows = exact.length > 0 ? exact : find(`s.native_id LIKE ? ESCAPE '\\' AND ${HAS_EXCHANGES}`, prefix);
    const found = rows.length > 0 ? rows : find(`s.native_id LIKE ? ESCAPE '\\'`, prefix);
    return found.map((row) => this.#sessionOf(row));
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

  search(request: SearchRequest): SearchHit[] {
    return this.#search.search(request);
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
      sourcePresent: this.#generationsOf
        .all(row.native_id)
        .some((generation) => generation.sourcePath !== null && this.#sourceExists(generation.sourcePath)),
    };
  }

  #exchangeOf(row: ExchangeRow): Exchange {
    const sessionIds = this.#holdersOf.all(row.id).map((session) => session.id);
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

const HAS_EXCHANGES = 's.exchanges + s.subagent_exchanges > 0';
const SESSION_SELECT = `SELECT s.agent, s.native_id, s.title, s.project, s.started_at, s.last_at, s.exchanges, s.subagent_exchanges,
  iif(s.title IS NULL, (SELECT substr(prompt, 1, ${TITLE_LENGTH}) FROM exchange WHERE id = (
    SELECT min(es.exchange) FROM exchange_session es WHERE es.session = s.id)), NULL) AS first_prompt
  FROM session s`;

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
