/** A database written the way opencode 1.18 writes it: its tables, a write-ahead log, rows that change in place. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';

const TABLES = `
CREATE TABLE \`project\` (\`id\` text PRIMARY KEY, \`worktree\` text NOT NULL, \`vcs\` text, \`name\` text, \`icon_url\` text,
  \`icon_url_override\` text, \`icon_color\` text, \`time_created\` integer NOT NULL, \`time_updated\` integer NOT NULL,
  \`time_initialized\` integer, \`sandboxes\` text NOT NULL, \`commands\` text);
CREATE TABLE \`session\` (\`id\` text PRIMARY KEY, \`project_id\` text NOT NULL, \`workspace_id\` text, \`parent_id\` text,
  \`slug\` text NOT NULL, \`directory\` text NOT NULL, \`path\` text, \`title\` text NOT NULL, \`version\` text NOT NULL,
  \`share_url\` text, \`summary_additions\` integer, \`summary_deletions\` integer, \`summary_files\` integer,
  \`summary_diffs\` text, \`metadata\` text, \`cost\` real DEFAULT 0 NOT NULL, \`tokens_input\` integer DEFAULT 0 NOT NULL,
  \`tokens_output\` integer DEFAULT 0 NOT NULL, \`tokens_reasoning\` integer DEFAULT 0 NOT NULL,
  \`tokens_cache_read\` integer DEFAULT 0 NOT NULL, \`tokens_cache_write\` integer DEFAULT 0 NOT NULL, \`revert\` text,
  \`permission\` text, \`agent\` text, \`model\` text, \`time_created\` integer NOT NULL, \`time_updated\` integer NOT NULL,
  \`time_compacting\` integer, \`time_archived\` integer,
  CONSTRAINT \`fk_session_project\` FOREIGN KEY (\`project_id\`) REFERENCES \`project\`(\`id\`) ON DELETE CASCADE);
CREATE TABLE \`message\` (\`id\` text PRIMARY KEY, \`session_id\` text NOT NULL, \`time_created\` integer NOT NULL,
  \`time_updated\` integer NOT NULL, \`data\` text NOT NULL,
  CONSTRAINT \`fk_message_session\` FOREIGN KEY (\`session_id\`) REFERENCES \`session\`(\`id\`) ON DELETE CASCADE);
CREATE TABLE \`part\` (\`id\` text PRIMARY KEY, \`message_id\` text NOT NULL, \`session_id\` text NOT NULL,
  \`time_created\` integer NOT NULL, \`time_updated\` integer NOT NULL, \`data\` text NOT NULL,
  CONSTRAINT \`fk_part_message\` FOREIGN KEY (\`message_id\`) REFERENCES \`message\`(\`id\`) ON DELETE CASCADE);
CREATE TABLE \`todo\` (\`session_id\` text NOT NULL, \`content\` text NOT NULL, \`status\` text NOT NULL, \`priority\` text NOT NULL,
  \`position\` integer NOT NULL, \`time_created\` integer NOT NULL, \`time_updated\` integer NOT NULL,
  CONSTRAINT \`todo_pk\` PRIMARY KEY(\`session_id\`, \`position\`));
CREATE TABLE \`session_share\` (\`session_id\` text PRIMARY KEY, \`id\` text NOT NULL, \`secret\` text NOT NULL, \`url\` text NOT NULL,
  \`time_created\` integer NOT NULL, \`time_updated\` integer NOT NULL);
CREATE INDEX \`message_session_time_created_id_idx\` ON \`message\` (\`session_id\`,\`time_created\`,\`id\`);
CREATE INDEX \`part_message_id_id_idx\` ON \`part\` (\`message_id\`,\`id\`);
CREATE INDEX \`part_session_idx\` ON \`part\` (\`session_id\`);
CREATE INDEX \`session_project_idx\` ON \`session\` (\`project_id\`);
`;

type Data = Readonly<Record<string, unknown>>;

export interface NewSession {
  readonly id: string;
  readonly parent?: string;
  readonly directory?: string;
  readonly title?: string;
  readonly permission?: string;
}

export class OpencodeDatabase implements Disposable {
  readonly file: string;
  readonly database: Sqlite.Database;
  /** The agent's clock: each write takes one millisecond. */
  now: number;
  #count = 0;

  constructor(file: string, now = Date.UTC(2026, 10, 20, 9, 0, 0)) {
    mkdirSync(path.dirname(file), { recursive: true });
    this.file = file;
    this.now = now;
    this.database = new Sqlite(file);
    this.database.pragma('journal_mode = WAL');
    this.database.pragma('synchronous = NORMAL');
    // Nothing is moved from the log into the database before the test says so, or closes it.
    this.database.pragma('wal_autocheckpoint = 0');
    const isNew = this.database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'session'`).get() === undefined;
    if (!isNew) return;
    this.database.exec(TABLES);
    this.insert('project', { id: 'prj_1', worktree: '/home/ana/work', vcs: 'git', sandboxes: '[]' });
  }

  insert(table: string, row: Data): void {
    this.now += 1;
    const whole = {
      ...row,
      time_created: row['time_created'] ?? this.now,
      time_updated: row['time_updated'] ?? this.now,
    };
    const names = Object.keys(whole);
    this.database
      .prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`)
      .run(...Object.values(whole));
  }

  session({
    id,
    parent,
    directory = '/home/ana/work',
    title = 'New session - 2026-11-20T09:00:00.000Z',
    permission,
  }: NewSession): void {
    this.insert('session', {
      ...{ id, directory, title, project_id: 'prj_1', parent_id: parent ?? null, slug: id, version: '1.18.33' },
      permission: permission ?? null,
    });
  }

  retitle(session: string, title: string): void {
    this.now += 1;
    this.database.prepare('UPDATE session SET title = ?, time_updated = ? WHERE id = ?').run(title, this.now, session);
  }

  /** @returns id of the message */
  message(session: string, data: Data): string {
    const id = this.#id('msg');
    this.now += 1;
    const made = { time: { created: this.now }, ...data };
    this.insert('message', { id, session_id: session, data: JSON.stringify(made) });
    return id;
  }

  /** @returns id of the part */
  part(session: string, message: string, data: Data): string {
    const id = this.#id('prt');
    this.insert('part', { id, message_id: message, session_id: session, data: JSON.stringify(data) });
    return id;
  }

  /** Changes fields of the JSON of a row in place. */
  change(table: 'message' | 'part', id: string, data: Data): void {
    this.now += 1;
    const { data: before } = this.database.prepare(`SELECT data FROM ${table} WHERE id = ?`).get(id) as {
      readonly data: string;
    };
    const after = JSON.stringify({ ...(JSON.parse(before) as Data), ...data });
    this.database.prepare(`UPDATE ${table} SET data = ?, time_updated = ? WHERE id = ?`).run(after, this.now, id);
  }

  /** A prompt as the text field of the program writes it. */
  prompt(session: string, text: string): string {
    const id = this.message(session, { role: 'user', agent: 'build', model: { providerID: 'mock', modelID: 'one' } });
    this.part(session, id, { type: 'text', text });
    return id;
  }

  /** Begins an answer: its text is empty until it is complete. */
  begin(session: string, prompt: string): { readonly message: string; readonly text: string } {
    const message = this.message(session, {
      role: 'assistant',
      parentID: prompt,
      mode: 'build',
      path: { cwd: '/home/ana/work' },
    });
    this.part(session, message, { type: 'step-start' });
    return { message, text: this.part(session, message, { type: 'text', text: '', time: { start: this.now } }) };
  }

  finish(
    session: string,
    answer: { readonly message: string; readonly text: string },
    text: string,
    reason = 'stop',
  ): void {
    this.change('part', answer.text, { text, time: { start: this.now, end: this.now + 1 } });
    this.part(session, answer.message, { type: 'step-finish', reason, cost: 0 });
    const { data } = this.database.prepare('SELECT data FROM message WHERE id = ?').get(answer.message) as {
      readonly data: string;
    };
    const { time } = JSON.parse(data) as { readonly time: Data };
    this.change('message', answer.message, { finish: reason, time: { ...time, completed: this.now + 1 } });
  }

  /** A whole exchange of one step. @returns id of the prompt's message */
  exchange(session: string, prompt: string, answer: string): string {
    const asked = this.prompt(session, prompt);
    this.finish(session, this.begin(session, asked), answer);
    return asked;
  }

  /** Copies a session as opencode forks it: new ids, the old times in the JSON, no link. */
  fork(from: string, to: string): void {
    this.session({ id: to, title: `${from} (fork #1)` });
    const ids = new Map<string, string>();
    const messages = this.database.prepare('SELECT * FROM message WHERE session_id = ? ORDER BY id').all(from) as {
      readonly id: string;
      readonly data: string;
    }[];
    for (const message of messages) {
      const data = JSON.parse(message.data) as Data;
      const id = this.#id('msg');
      ids.set(message.id, id);
      const asked = typeof data['parentID'] === 'string' ? ids.get(data['parentID']) : undefined;
      const parent = asked === undefined ? {} : { parentID: asked };
      this.insert('message', { id, session_id: to, data: JSON.stringify({ ...data, ...parent }) });
      const parts = this.database.prepare('SELECT data FROM part WHERE message_id = ? ORDER BY id').all(message.id) as {
        readonly data: string;
      }[];
      for (const part of parts) this.part(to, id, JSON.parse(part.data) as Data);
    }
  }

  [Symbol.dispose](): void {
    this.database.close();
  }

  #id(kind: string): string {
    this.#count += 1;
    return `${kind}_${this.now.toString(16)}${String(this.#count).padStart(6, '0')}`;
  }
}
