/**
 * Reads the rows of one opencode database that make up conversations, session by session and message by message, each with
 * what it needs to be understood alone. Knows the tables by name and takes their columns as they are, so that a column
 * which is new to us is archived like the others.
 */
import { quoteName, type ForeignDatabase, type ForeignRow, type ForeignValue } from '../../core/foreign-database.ts';
import { ForkOrigins } from './fork-origins.ts';
import { messageContext, promptParts, sessionContext, type SessionFacts } from './row-context.ts';
import { rowLine, type RowContext, type RowLine } from './row-line.ts';
import { readTables, type Table } from './table-schema.ts';

/** Which rows are new: those behind these row ids, and those that were changed after this time of the agent's clock. */
export interface Since {
  readonly updated: number;
  readonly rowids: Readonly<Record<string, number>>;
}

export const FROM_THE_START: Since = { updated: -1, rowids: {} };

/** A row that is read, with the agent's time of its last change. */
export interface ReadRow extends RowLine {
  readonly table: string;
  readonly updated: number;
}

/** Tables whose rows stand in the mirror of their session, by their column that names it. */
const SESSION_TABLES: Readonly<Record<string, string>> = {
  session: 'id',
  message: 'session_id',
  part: 'session_id',
  todo: 'session_id',
  session_message: 'session_id',
};
/** Written whole with each session. Tables of accounts, shares and permissions hold secrets and no conversation. */
const OTHERS_OF_SESSION = ['todo', 'session_message'] as const;
const OTHERS_OF_DATABASE = ['project'] as const;
/** Rows that are looked at in one statement. */
const RANGE_ROWS = 5000;
/** Rows this close to the last one are looked at whenever something has changed: a running turn changes its latest parts. */
const RECENT_ROWS = 5000;
const LONGEST_LINEAGE = 20;

export class ConversationRows {
  readonly #database: ForeignDatabase;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #origins: ForkOrigins;

  /** Errors: those of {@link ForeignDatabase}. */
  constructor(database: ForeignDatabase) {
    this.#database = database;
    this.#tables = readTables(database, [...Object.keys(SESSION_TABLES), ...OTHERS_OF_DATABASE]);
    this.#origins = new ForkOrigins(database);
  }

  /** False for a database without conversations: just made, or of something else. */
  get holdsConversations(): boolean {
    return ['session', 'message', 'part'].every((name) => this.#tables.has(name));
  }

  /** The last row id of each table: what is added from now on stands behind it. */
  lastRowids(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...this.#tables.keys()].map((name) => [
        name,
        numberOf(this.#database.get(`SELECT max(rowid) AS last FROM ${quoteName(name)}`)?.['last']),
      ]),
    );
  }

  /** True when the latest rows are all rows. */
  get isShort(): boolean {
    return Object.values(this.lastRowids()).every((last) => last <= RECENT_ROWS);
  }

  /**
   * Sessions with new rows, in steps, so that whoever asks can let others work in between.
   * @param isWhole looks at all rows; else at the latest ones
   */
  *changedSessions(since: Since, isWhole: boolean): Generator<readonly string[], void, undefined> {
    const last = this.lastRowids();
    for (const [table, column] of Object.entries(SESSION_TABLES)) {
      const end = last[table];
      if (end === undefined) continue;
      const known = since.rowids[table] ?? 0;
      const begin = isWhole ? 0 : Math.max(0, Math.min(known, end) - RECENT_ROWS);
      const sql = `SELECT DISTINCT ${column} AS session FROM ${table}
        WHERE rowid > ? AND rowid <= ? AND (rowid > ? OR ${this.#updatedOf(table)} > ?)`;
      for (let at = begin; at < end; at += RANGE_ROWS) {
        const rows = this.#database.all(sql, at, at + RANGE_ROWS, known, since.updated);
        yield rows.flatMap((row) => (typeof row['session'] === 'string' ? [row['session']] : []));
      }
    }
  }

  /** The session with those that it was started by, the first one first. A parent that is gone still has its name. */
  lineageOf(session: string): readonly string[] {
    const lineage = [session];
    for (let current = session; lineage.length < LONGEST_LINEAGE;) {
      const parent = this.#database.get('SELECT parent_id FROM session WHERE id = ?', current)?.['parent_id'];
      if (typeof parent !== 'string' || parent === '' || lineage.includes(parent)) break;
      lineage.unshift(parent);
      current = parent;
    }
    return lineage;
  }

  /** New rows of a session, message by message in the order of the conversation. */
  *rowsOf(session: string, since: Since): Generator<readonly ReadRow[], void, undefined> {
    const row = this.#database.get('SELECT rowid AS "$rowid", * FROM session WHERE id = ?', session);
    const facts = sessionContext(session, row);
    if (row !== null && this.#isNew('session', row, since)) yield [this.#line('session', row, null)];
    for (const id of this.#changedMessages(session, since))
      yield this.#database.atOnce(() => this.#message(id, facts, since));
    for (const table of OTHERS_OF_SESSION) {
      if (this.#tables.has(table)) yield this.#newRows(table, since, 'session_id = ?', session);
    }
  }

  /** New rows that belong to no session, and the shape of the tables. */
  *rowsOfDatabase(since: Since): Generator<readonly ReadRow[], void, undefined> {
    yield [...this.#tables.values()].map(({ name, sql, columns }) => ({
      ...rowLine({ table: 'sqlite_schema', key: [name], row: { name, sql }, context: { columns } }),
      table: 'sqlite_schema',
      // The same for good: what is known of it decides.
      updated: Infinity,
    }));
    for (const table of OTHERS_OF_DATABASE) if (this.#tables.has(table)) yield this.#newRows(table, since, 'true');
  }

  #changedMessages(session: string, since: Since): readonly string[] {
    const changed = (table: string): string => `(rowid > ? OR ${this.#updatedOf(table)} > ?)`;
    const values = (table: string): [string, number, number] => [session, since.rowids[table] ?? 0, since.updated];
    const rows = this.#database.all(
      `WITH changed (id) AS (
         SELECT id FROM message WHERE session_id = ? AND ${changed('message')}
         UNION SELECT message_id FROM part WHERE session_id = ? AND ${changed('part')})
       SELECT changed.id AS id FROM changed LEFT JOIN message ON message.id = changed.id
       ORDER BY message.time_created, changed.id`,
      ...values('message'),
      ...values('part'),
    );
    return rows.flatMap((row) => (typeof row['id'] === 'string' ? [row['id']] : []));
  }

  /** A prompt's text stands in its parts: so the row of its message is read together with them, and new when they are. */
  #message(id: string, session: SessionFacts, since: Since): readonly ReadRow[] {
    const row = this.#database.get('SELECT rowid AS "$rowid", * FROM message WHERE id = ?', id);
    const message = messageContext(id, row);
    const isCopy = message.createdAt !== null && session.createdAt !== null && message.createdAt < session.createdAt;
    const copyOf = isCopy ? this.#origins.of(session.id, message) : null;
    const context = { session: session.facts, message: message.facts, ...(copyOf === null ? {} : { copyOf }) };
    const parts = this.#database.all(
      'SELECT rowid AS "$rowid", * FROM part WHERE message_id = ? ORDER BY time_created, id',
      id,
    );
    const newParts = parts.filter((part) => this.#isNew('part', part, since));
    const partLines = newParts.map((part) => this.#line('part', part, context));
    if (row === null) return partLines;
    const isUser = message.role === 'user';
    if (!this.#isNew('message', row, since) && !(isUser && newParts.length > 0)) return partLines;
    const updated = Math.max(...[row, ...newParts].map((each) => this.#timeOf('message', each)));
    const own = this.#line('message', row, context, ...(isUser ? [promptParts(parts)] : []));
    return [{ ...own, updated }, ...partLines];
  }

  #newRows(table: string, since: Since, condition: string, ...values: readonly string[]): readonly ReadRow[] {
    return this.#database
      .all(
        `SELECT rowid AS "$rowid", * FROM ${table} WHERE ${condition} AND (rowid > ? OR ${this.#updatedOf(table)} > ?)`,
        ...values,
        since.rowids[table] ?? 0,
        since.updated,
      )
      .map((row) => this.#line(table, row, null));
  }

  #line(table: string, read: ForeignRow, context: RowContext | null, parts?: readonly unknown[]): ReadRow {
    const { $rowid: rowid, ...columns } = read;
    const row = this.#exact(table, rowid, columns);
    const key = this.#tables.get(table)?.primaryKey.map((name) => row[name] ?? null) ?? [];
    const line = rowLine({ table, key, row, context, ...(parts === undefined ? {} : { parts }) });
    return { ...line, table, updated: this.#timeOf(table, read) };
  }

  /** Text that is not valid UTF-8 would be changed by being read as text: such a value is read as the bytes that it is. */
  #exact(table: string, rowid: ForeignValue | undefined, row: ForeignRow): ForeignRow {
    const suspects = Object.entries(row).filter(([, value]) => typeof value === 'string' && value.includes('\uFFFD'));
    if (suspects.length === 0 || typeof rowid !== 'number') return row;
    const exact = suspects.map(([name, value]): [string, ForeignValue] => {
      const found = this.#database.get(
        `SELECT CAST(${quoteName(name)} AS BLOB) AS bytes FROM ${table} WHERE rowid = ?`,
        rowid,
      );
      const bytes = found?.['bytes'];
      return [name, Buffer.isBuffer(bytes) && !bytes.equals(Buffer.from(String(value))) ? bytes : (value ?? null)];
    });
    return { ...row, ...Object.fromEntries(exact) };
  }

  #isNew(table: string, row: ForeignRow, since: Since): boolean {
    return numberOf(row['$rowid']) > (since.rowids[table] ?? 0) || this.#timeOf(table, row) > since.updated;
  }

  #timeOf(table: string, row: ForeignRow): number {
    return this.#tables.get(table)?.hasUpdated === true ? numberOf(row['time_updated']) : 0;
  }

  /** A table without the time of its changes: only what is added is seen at once, all else by a thorough comparison. */
  #updatedOf(table: string): string {
    return this.#tables.get(table)?.hasUpdated === true ? 'time_updated' : '0';
  }
}

function numberOf(value: ForeignValue | undefined): number {
  return typeof value === 'number' ? value : 0;
}
