/**
 * generation   one per archived file: how far it is committed, and the open exchange of each of its lanes
 * segment      what was committed, with its hash: the proof, and the ranges for scrubbing
 * record       one per record of an agent, wherever it occurs; its body stays in the archive at (generation, start, length)
 * occurrence   further places of a record: forks and resumed copies
 * exchange     prompt and answers; `answer`, `thinking` hold the texts, `parts` their order as (kind, offset, length).
 *              Long texts stand last: SQLite reads through all of a row to get at what stands behind them
 * exchange_fts full text over exchange (external content, so that the text is stored once)
 * change_seq   grows with every change of an exchange: a cursor over it is the outbox of a target
 */
export const FIRST = `
CREATE TABLE generation (
  id INTEGER PRIMARY KEY,
  archive_path TEXT NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  source_path TEXT,
  session TEXT,
  kind TEXT NOT NULL,
  committed INTEGER NOT NULL DEFAULT 0,
  lanes TEXT NOT NULL DEFAULT '{}',
  lines INTEGER NOT NULL DEFAULT 0,
  records INTEGER NOT NULL DEFAULT 0,
  first_saved_at INTEGER NOT NULL,
  last_saved_at INTEGER NOT NULL
) STRICT;
CREATE INDEX generation_session ON generation (session);

CREATE TABLE segment (
  generation INTEGER NOT NULL REFERENCES generation (id),
  start INTEGER NOT NULL,
  "end" INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  committed_at INTEGER NOT NULL,
  PRIMARY KEY (generation, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  id INTEGER PRIMARY KEY,
  agent TEXT NOT NULL,
  native_id TEXT NOT NULL,
  title TEXT,
  title_rank INTEGER NOT NULL DEFAULT -1,
  project TEXT,
  started_at INTEGER,
  last_at INTEGER,
  own_since INTEGER,
  UNIQUE (agent, native_id)
) STRICT;
CREATE INDEX session_last ON session (last_at DESC);

CREATE TABLE exchange (
  id INTEGER PRIMARY KEY,
  agent TEXT NOT NULL,
  key TEXT NOT NULL,
  session INTEGER NOT NULL REFERENCES session (id),
  state TEXT NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  revision INTEGER NOT NULL DEFAULT 0,
  is_subagent INTEGER NOT NULL DEFAULT 0,
  saved_at INTEGER NOT NULL,
  change_seq INTEGER NOT NULL DEFAULT 0,
  subagent_id TEXT,
  lane TEXT NOT NULL,
  absorbed_by TEXT,
  project TEXT,
  prompt TEXT NOT NULL DEFAULT '',
  answer TEXT NOT NULL DEFAULT '',
  tools TEXT NOT NULL DEFAULT '',
  thinking TEXT NOT NULL DEFAULT '',
  parts TEXT NOT NULL DEFAULT '[]',
  UNIQUE (agent, key)
) STRICT;
CREATE INDEX exchange_started ON exchange (started_at);
CREATE INDEX exchange_saved ON exchange (saved_at);
CREATE INDEX exchange_change ON exchange (change_seq);

CREATE TABLE exchange_session (
  session INTEGER NOT NULL REFERENCES session (id),
  exchange INTEGER NOT NULL REFERENCES exchange (id),
  prompt_at INTEGER,
  PRIMARY KEY (session, exchange)
) STRICT, WITHOUT ROWID;
CREATE INDEX exchange_session_exchange ON exchange_session (exchange);

CREATE TABLE record_type (
  id INTEGER PRIMARY KEY,
  agent TEXT NOT NULL,
  name TEXT NOT NULL,
  is_known INTEGER NOT NULL,
  UNIQUE (agent, name)
) STRICT;

CREATE TABLE record (
  key BLOB NOT NULL,
  agent INTEGER NOT NULL,
  type INTEGER NOT NULL REFERENCES record_type (id),
  generation INTEGER NOT NULL REFERENCES generation (id),
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  exchange INTEGER REFERENCES exchange (id),
  at INTEGER,
  PRIMARY KEY (key, agent)
) STRICT, WITHOUT ROWID;

CREATE TABLE occurrence (
  generation INTEGER NOT NULL REFERENCES generation (id),
  start INTEGER NOT NULL,
  key BLOB NOT NULL,
  PRIMARY KEY (generation, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE subagent (
  agent TEXT NOT NULL,
  subagent_id TEXT NOT NULL,
  session TEXT NOT NULL,
  tool_use_id TEXT,
  description TEXT,
  PRIMARY KEY (agent, session, subagent_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE history_prompt (
  key BLOB NOT NULL PRIMARY KEY,
  agent TEXT NOT NULL,
  text TEXT NOT NULL,
  at INTEGER,
  project TEXT,
  session TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL REFERENCES generation (id),
  start INTEGER NOT NULL,
  "end" INTEGER NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'kept',
  UNIQUE (generation, start)
) STRICT;
CREATE INDEX dead_letter_state ON dead_letter (state);

CREATE TABLE minute (
  minute INTEGER NOT NULL PRIMARY KEY,
  saved INTEGER NOT NULL DEFAULT 0,
  errors INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE counter (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE exchange_fts USING fts5 (
  prompt, answer, tools, content = 'exchange', content_rowid = 'id', tokenize = 'unicode61'
);
`;
