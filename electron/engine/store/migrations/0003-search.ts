/**
 * - Row ids of exchanges follow time (see exchange-id.ts); those that there are get new ones, in their order.
 * - `tags` says what kind of exchange it is (see exchange-tags.ts). Those of older exchanges are filled in when the
 *   exchange changes, or by reading the archive again; the agent is known at once.
 * - A session knows how many exchanges it holds: a list asks that of a thousand sessions at once.
 * - `exchange_substring` finds any three characters in a row, wherever in a word: for languages without spaces, and for code.
 *   It keeps no text, and follows `change_seq` up to the counter `substring_seq`.
 */
export const SEARCH = `
PRAGMA defer_foreign_keys = ON;
CREATE TEMP TABLE moved (old INTEGER PRIMARY KEY, new INTEGER NOT NULL UNIQUE);
INSERT INTO moved (old, new)
  SELECT id, place + max(first - place) OVER (ORDER BY place) FROM (
    SELECT id, first, row_number() OVER (ORDER BY first, id) AS place FROM (
      SELECT id, max(1, (coalesce(started_at, saved_at) / 1000 - 1577836800) * 64) AS first FROM exchange
    )
  );
UPDATE exchange_session SET exchange = (SELECT new FROM moved WHERE old = exchange);
UPDATE record SET exchange = (SELECT new FROM moved WHERE old = exchange) WHERE exchange IS NOT NULL;
UPDATE exchange SET id = -(SELECT new FROM moved WHERE old = id);
UPDATE exchange SET id = -id;
DROP TABLE moved;

ALTER TABLE exchange ADD COLUMN tags TEXT NOT NULL DEFAULT '';
UPDATE exchange SET tags = 'agent' || replace(agent, '-', '') || iif(is_subagent = 1, ' subagent', '');

DROP TABLE exchange_fts;
CREATE VIRTUAL TABLE exchange_fts USING fts5 (
  prompt, answer, tools, tags, content = 'exchange', content_rowid = 'id', tokenize = 'unicode61', prefix = '2 3'
);
INSERT INTO exchange_fts (exchange_fts) VALUES ('rebuild');

ALTER TABLE session ADD COLUMN exchanges INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN subagent_exchanges INTEGER NOT NULL DEFAULT 0;
UPDATE session SET
  exchanges = (SELECT count(*) FROM exchange_session es JOIN exchange e ON e.id = es.exchange
               WHERE es.session = session.id AND e.is_subagent = 0),
  subagent_exchanges = (SELECT count(*) FROM exchange_session es JOIN exchange e ON e.id = es.exchange
                        WHERE es.session = session.id AND e.is_subagent = 1);

CREATE VIRTUAL TABLE exchange_substring USING fts5 (
  prompt, answer, tools, content = '', contentless_delete = 1, detail = 'column', tokenize = 'trigram'
);
`;
