/**
 * Looks for damage in a database: its structure (SQLite's own check), what its rows say (checksums), and positions that
 * cannot be. In: an open database, read only. Out: what was found. Never writes. It reads everything once, so it
 * belongs into a thread of its own.
 */
import { expectedSchema, schemaOf, versionOf, type Database } from './database.ts';
import { exchangeChecksum, type CheckedExchange } from './exchange-checksum.ts';

/** `search-index` can be made again from the rest of the database; the others mean that the file cannot be trusted. */
export type DamagedPart = 'structure' | 'content' | 'search-index';

export interface Finding {
  readonly part: DamagedPart;
  /** For the log; holds no text of a conversation. */
  readonly detail: string;
}

export interface Inspection {
  readonly findings: readonly Finding[];
  readonly exchanges: number;
  readonly records: number;
  readonly sessions: number;
}

const ROWS_AT_ONCE = 200;
const DETAILS = 5;
/** Version of the schema. */
const CHECKSUMS_SINCE = 4;
const SEARCH_INDEX = /^exchange_(fts|substring)/;
/** SQLite's codes for a file that is not what it should be. */
const DAMAGE_CODE = /^SQLITE_(CORRUPT|NOTADB)/;

/** @param nativeBinding of the addon, see `OpenOptions` */
export function inspectDatabase(database: Database, nativeBinding: string | null): Inspection {
  const findings = [
    ...checkSchema(database, nativeBinding),
    ...tablesOf(database).flatMap((table) => checkTable(database, table)),
  ];
  const isSound = findings.every((finding) => finding.part === 'search-index');
  const content = isSound ? [...checkPositions(database), ...checkExchanges(database)] : [];
  return { findings: [...findings, ...content], ...countsOf(database) };
}

/** A damaged name in the schema is none to SQLite: the table just is another one. */
function checkSchema(database: Database, nativeBinding: string | null): readonly Finding[] {
  return guarded('structure', () => {
    const found = new Set(schemaOf(database));
    const missing = expectedSchema(versionOf(database), nativeBinding).filter((entry) => !found.has(entry));
    if (found.size === 0) return [{ part: 'structure', detail: 'there is nothing in it' }];
    return missing.slice(0, DETAILS).map((): Finding => ({ part: 'structure', detail: 'the schema is another one' }));
  });
}

/** A damaged schema has no names to go through: then the whole file counts as one. */
function tablesOf(database: Database): readonly (string | null)[] {
  try {
    const rows = database
      .prepare<[], { readonly name: string }>("SELECT name FROM pragma_table_list WHERE schema = 'main'")
      .all();
    return rows.map((row) => row.name);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return [null];
  }
}

/** One table at a time: each has a read transaction of its own, so that the log of the database can be checkpointed between. */
function checkTable(database: Database, table: string | null): readonly Finding[] {
  const part = table !== null && SEARCH_INDEX.test(table) ? 'search-index' : 'structure';
  return guarded(part, () => {
    const said = database.pragma(table === null ? 'integrity_check' : `integrity_check("${table}")`);
    return (said as readonly { readonly integrity_check: string }[])
      .map((row) => row.integrity_check)
      .filter((text) => text !== 'ok')
      .slice(0, DETAILS)
      .map((text) => ({ part, detail: text.includes('inverted index') ? 'malformed inverted index' : text }));
  });
}

/** More committed than was ever hashed, or links to nowhere: such a database would pass over what it does not hold. */
function checkPositions(database: Database): readonly Finding[] {
  return guarded('content', () => {
    const wrong = database
      .prepare<[], { readonly id: number }>(
        `SELECT g.id FROM generation g WHERE NOT json_valid(g.lanes) OR
           g.committed > coalesce((SELECT max(s."end") FROM segment s WHERE s.generation = g.id), 0)`,
      )
      .all();
    const dangling = database.pragma('foreign_key_check') as readonly { readonly table: string }[];
    return [
      ...wrong
        .slice(0, DETAILS)
        .map((row): Finding => ({ part: 'content', detail: `position of generation ${row.id}` })),
      ...dangling.slice(0, DETAILS).map((row): Finding => ({ part: 'content', detail: `reference in ${row.table}` })),
    ];
  });
}

interface CheckedRow extends CheckedExchange {
  readonly id: number;
  readonly checksum: number | null;
}

function checkExchanges(database: Database): readonly Finding[] {
  const findings: Finding[] = [];
  // A backup of an earlier version is sound without them.
  if (versionOf(database) < CHECKSUMS_SINCE) return findings;
  for (let after: number | null = 0; after !== null && findings.length < DETAILS;) {
    const slice = checkExchangesAfter(database, after);
    findings.push(...slice.findings);
    after = slice.next;
  }
  return findings;
}

/** Checks some rows. @returns the id to go on after; null at the end */
function checkExchangesAfter(
  database: Database,
  after: number,
): { readonly findings: readonly Finding[]; readonly next: number | null } {
  let next: number | null = null;
  const findings = guarded('content', () => {
    const rows = database
      .prepare<[number, number], CheckedRow>(
        `SELECT id, key, state, revision, is_subagent, prompt, answer, thinking, tools, parts, checksum
         FROM exchange WHERE id > ? ORDER BY id LIMIT ?`,
      )
      .all(after, ROWS_AT_ONCE);
    next = rows.at(-1)?.id ?? null;
    return rows
      .filter((row) => row.checksum !== null && row.checksum !== exchangeChecksum(row))
      .map((row): Finding => ({ part: 'content', detail: `exchange ${row.id}` }));
  });
  return { findings, next };
}

function countsOf(database: Database): Omit<Inspection, 'findings'> {
  const none = { exchanges: 0, records: 0, sessions: 0 };
  try {
    return (
      database
        .prepare<[], Omit<Inspection, 'findings'>>(
          `SELECT (SELECT count(*) FROM exchange) AS exchanges, (SELECT count(*) FROM record) AS records,
                  (SELECT count(*) FROM session) AS sessions`,
        )
        .get() ?? none
    );
  } catch (error) {
    if (!isDamage(error)) throw error;
    return none;
  }
}

/** A check that meets damage has found it. */
function guarded(part: DamagedPart, check: () => readonly Finding[]): readonly Finding[] {
  try {
    return check();
  } catch (error) {
    if (!isDamage(error)) throw error;
    return [{ part, detail: error.message }];
  }
}

/** Of a file that is garbage, SQLite may find a query as well that it calls a mere error: that the table is not there. */
function isDamage(error: unknown): error is Error {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return (
    DAMAGE_CODE.test(error.code) || (error.code === 'SQLITE_ERROR' && /no such (table|column)/.test(error.message))
  );
}
