import { EXCHANGE_STATES, type Agent, type ExchangeDraft, type ExchangeState } from '../../../shared/exchange.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { InvariantError, StoreError } from '../core/errors.ts';
import type { CounterTable } from './counter-table.ts';
import type { Database, Statement } from './database.ts';
import { exchangeChecksum } from './exchange-checksum.ts';
import { packExchange, unpackExchange, type PackedExchange } from './exchange-codec.ts';
import { ExchangeIds } from './exchange-id.ts';
import { tagsOf } from './exchange-tags.ts';

/** Finds or makes the row of a session. */
export interface SessionIds {
  idOf(agent: Agent, sessionId: string): number;
}

type SearchedText = Pick<PackedExchange, 'prompt' | 'answer' | 'tools'> & { readonly tags: string };

interface Held {
  readonly id: number;
  draft: ExchangeDraft;
  /** What full-text search holds of it; null when it was never indexed. */
  indexed: SearchedText | null;
  isDirty: boolean;
}

export interface ExchangeRow extends PackedExchange {
  readonly id: number;
  readonly agent: Agent;
  readonly key: string;
  readonly session_native: string;
  readonly project: string | null;
  readonly state: string;
  readonly started_at: EpochMs | null;
  readonly ended_at: EpochMs | null;
  readonly revision: number;
  readonly is_subagent: number;
  readonly subagent_id: string | null;
  readonly lane: string;
  readonly absorbed_by: string | null;
  readonly tags: string;
}

/**
 * Columns of {@link ExchangeRow}, from `exchange e`. The session by a query of its own: SQLite plans a join anew for each
 * value that is bound, which takes twenty times as long as the look-up.
 */
export const EXCHANGE_COLUMNS = `e.id, e.agent, e.key,
  (SELECT native_id FROM session WHERE id = e.session) AS session_native, e.project, e.prompt, e.answer, e.tools,
  e.thinking, e.parts, e.state, e.started_at, e.ended_at, e.revision, e.is_subagent, e.subagent_id, e.lane,
  e.absorbed_by, e.tags`;

/** Exchanges kept in memory between batches, so that an open one is not read back for each of its records. */
const HELD_EXCHANGES = 200;

/** Rows of `exchange` and their full text. Changes are collected, and written once per batch. */
export class ExchangeTable {
  readonly #sessions: SessionIds;
  readonly #counters: CounterTable;
  readonly #newIds: ExchangeIds;
  readonly #byId = new Map<number, Held>();
  readonly #ids = new Map<Agent, Map<string, number>>();
  #latest: Held | null = null;
  readonly #load: Statement<[string, string], ExchangeRow>;
  readonly #loadKey: Statement<[number], { readonly key: string }>;
  readonly #insert: Statement<unknown[], unknown>;
  readonly #update: Statement<unknown[], unknown>;
  readonly #own: Statement<unknown[], unknown>;
  readonly #index: Statement<unknown[], unknown>;
  readonly #unindex: Statement<unknown[], unknown>;

  constructor(database: Database, sessions: SessionIds, counters: CounterTable) {
    this.#sessions = sessions;
    this.#counters = counters;
    this.#newIds = new ExchangeIds(database);
    this.#load = database.prepare(`SELECT ${EXCHANGE_COLUMNS} FROM exchange e WHERE e.agent = ? AND e.key = ?`);
    this.#loadKey = database.prepare('SELECT key FROM exchange WHERE id = ?');
    this.#insert = database.prepare(
      `INSERT INTO exchange (id, agent, key, session, state, is_subagent, lane, saved_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#own = database.prepare('UPDATE exchange SET session = ?, started_at = ?, change_seq = ? WHERE id = ?');
    this.#update = database.prepare(
      `UPDATE exchange SET project = ?, prompt = ?, answer = ?, tools = ?, thinking = ?, parts = ?, state = ?, started_at = ?,
       ended_at = ?, revision = ?, is_subagent = ?, subagent_id = ?, absorbed_by = ?, saved_at = ?, change_seq = ?, tags = ?,
       checksum = ? WHERE id = ? AND revision <= ?`,
    );
    // The casts: the driver binds large numbers as REAL, and full text takes no row id that is not INTEGER.
    this.#index = database.prepare(
      'INSERT INTO exchange_fts (rowid, prompt, answer, tools, tags) VALUES (CAST(? AS INTEGER), ?, ?, ?, ?)',
    );
    this.#unindex = database.prepare(
      `INSERT INTO exchange_fts (exchange_fts, rowid, prompt, answer, tools, tags)
       VALUES ('delete', CAST(? AS INTEGER), ?, ?, ?, ?)`,
    );
  }

  forget(): void {
    this.#byId.clear();
    this.#ids.clear();
    this.#newIds.forget();
    this.#latest = null;
  }

  keyOf(id: number): string {
    const held = this.#byId.get(id);
    if (held !== undefined) return held.draft.key;
    const row = this.#loadKey.get(id);
    if (row === undefined) throw new StoreError('STORE_CORRUPT', 'a record points at an exchange that is not there');
    return row.key;
  }

  load(agent: Agent, key: string): ExchangeDraft | null {
    return this.#hold(agent, key)?.draft ?? null;
  }

  idOf(agent: Agent, key: string): number | null {
    return this.#hold(agent, key)?.id ?? null;
  }

  /** Takes an exchange that is new or has changed; its content is written by {@link flush}. */
  put(draft: ExchangeDraft, now: EpochMs): void {
    const held = this.#hold(draft.agent, draft.key);
    if (held === null) {
      this.#open(draft, now);
      return;
    }
    if (draft.revision < held.draft.revision) throw new InvariantError('a revision that shrinks');
    held.draft = draft;
    held.isDirty = true;
  }

  /** Puts an exchange under the session in which it was asked. @param askedAt null: unknown, as it was before */
  setOwner(agent: Agent, key: string, sessionId: string, askedAt: EpochMs | null): void {
    const held = this.#hold(agent, key);
    if (held === null) return;
    const startedAt = askedAt ?? held.draft.startedAt;
    if (held.draft.sessionId === sessionId && held.draft.startedAt === startedAt) return;
    held.draft = { ...held.draft, sessionId, startedAt };
    this.#own.run(this.#sessions.idOf(agent, sessionId), startedAt, this.#counters.next('change_seq'), held.id);
  }

  /** Writes everything that changed. @returns how many exchanges did */
  flush(now: EpochMs): number {
    // In the order of their ids: full text would end its collecting of words at every step back.
    const dirty = [...this.#byId.values()].filter((held) => held.isDirty).sort((one, other) => one.id - other.id);
    for (const held of dirty) this.#write(held, now);
    for (const id of [...this.#byId.keys()].slice(0, Math.max(0, this.#byId.size - HELD_EXCHANGES))) this.#drop(id);
    return dirty.length;
  }

  #open(draft: ExchangeDraft, now: EpochMs): void {
    const id = this.#newIds.next(draft.startedAt ?? now);
    this.#insert.run(
      id,
      draft.agent,
      draft.key,
      this.#sessions.idOf(draft.agent, draft.sessionId),
      draft.state,
      draft.isSubagent ? 1 : 0,
      draft.lane,
      now,
    );
    this.#keep({ id, draft, indexed: null, isDirty: true });
    this.#counters.add(draft.isSubagent ? 'subagent_exchanges' : 'exchanges', 1);
  }

  #write(held: Held, now: EpochMs): void {
    const { id, draft } = held;
    const packed = { ...packExchange(draft.prompt, draft.parts, draft), tags: tagsOf(draft) };
    // Most records of a turn say nothing that is searched (results of tools, bookkeeping).
    const isSaid = held.indexed === null || !isSameText(held.indexed, packed);
    if (isSaid && held.indexed !== null) {
      this.#unindex.run(id, held.indexed.prompt, held.indexed.answer, held.indexed.tools, held.indexed.tags);
    }
    const { changes } = this.#update.run(
      draft.project,
      packed.prompt,
      packed.answer,
      packed.tools,
      packed.thinking,
      packed.parts,
      draft.state,
      draft.startedAt,
      draft.endedAt,
      draft.revision,
      draft.isSubagent ? 1 : 0,
      draft.subagentId,
      draft.absorbedBy,
      now,
      this.#counters.next('change_seq'),
      packed.tags,
      exchangeChecksum({ ...draft, ...packed, is_subagent: draft.isSubagent ? 1 : 0 }),
      id,
      draft.revision,
    );
    if (changes !== 1) throw new InvariantError('an exchange was not written: its revision went back');
    if (isSaid) this.#index.run(id, packed.prompt, packed.answer, packed.tools, packed.tags);
    held.indexed = { prompt: packed.prompt, answer: packed.answer, tools: packed.tools, tags: packed.tags };
    held.isDirty = false;
  }

  #hold(agent: Agent, key: string): Held | null {
    const latest = this.#latest;
    if (latest !== null && latest.draft.key === key && latest.draft.agent === agent) return latest;
    const id = this.#ids.get(agent)?.get(key);
    const held = id === undefined ? undefined : this.#byId.get(id);
    if (held !== undefined) {
      this.#keep(held);
      return held;
    }
    const row = this.#load.get(agent, key);
    if (row === undefined) return null;
    const loaded: Held = {
      id: row.id,
      draft: draftOf(row),
      indexed: { prompt: row.prompt, answer: row.answer, tools: row.tools, tags: row.tags },
      isDirty: false,
    };
    this.#keep(loaded);
    return loaded;
  }

  /** Last used goes to the end: the front is dropped first. */
  #keep(held: Held): void {
    if (this.#latest === held) return;
    this.#latest = held;
    this.#byId.delete(held.id);
    this.#byId.set(held.id, held);
    const ids = this.#ids.get(held.draft.agent) ?? new Map<string, number>();
    this.#ids.set(held.draft.agent, ids);
    ids.set(held.draft.key, held.id);
  }

  #drop(id: number): void {
    const held = this.#byId.get(id);
    if (held === undefined) return;
    if (this.#latest === held) this.#latest = null;
    this.#byId.delete(id);
    this.#ids.get(held.draft.agent)?.delete(held.draft.key);
  }
}

function isSameText(one: SearchedText, other: SearchedText): boolean {
  return (
    one.prompt === other.prompt && one.answer === other.answer && one.tools === other.tools && one.tags === other.tags
  );
}

export function draftOf(row: ExchangeRow): ExchangeDraft {
  return {
    key: row.key,
    agent: row.agent,
    sessionId: row.session_native,
    project: row.project,
    ...unpackExchange(row),
    state: stateOf(row.state),
    startedAt: row.started_at,
    endedAt: row.ended_at,
    revision: row.revision,
    isSubagent: row.is_subagent === 1,
    subagentId: row.subagent_id,
    lane: row.lane,
    absorbedBy: row.absorbed_by,
  };
}

export function stateOf(text: string): ExchangeState {
  const state = EXCHANGE_STATES.find((candidate) => candidate === text);
  if (state === undefined) throw new StoreError('STORE_CORRUPT', 'a saved exchange has an unknown state');
  return state;
}
