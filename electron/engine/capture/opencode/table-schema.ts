import { quoteName, type ForeignDatabase } from '../../core/foreign-database.ts';

/** A table of another program as it is now. */
export interface Table {
  readonly name: string;
  /** As its program has written it. */
  readonly sql: string;
  readonly columns: readonly string[];
  /** Names of the columns of its primary key, in their order. */
  readonly primaryKey: readonly string[];
  /** Whether its rows say when they were changed. */
  readonly hasUpdated: boolean;
}

/** Those of the wanted tables that are there; a view or a virtual table by such a name is none. */
export function readTables(database: ForeignDatabase, wanted: readonly string[]): ReadonlyMap<string, Table> {
  const tables = new Map<string, Table>();
  const found = database.all(`SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'`);
  for (const { name, sql } of found) {
    if (typeof name !== 'string' || typeof sql !== 'string' || !wanted.includes(name)) continue;
    const rows = database.all(`PRAGMA table_info(${quoteName(name)})`);
    const columns = rows.map((row) => String(row['name']));
    const primaryKey = rows
      .filter((row) => Number(row['pk']) > 0)
      .sort((one, other) => Number(one['pk']) - Number(other['pk']))
      .map((row) => String(row['name']));
    tables.set(name, { name, sql, columns, primaryKey, hasUpdated: columns.includes('time_updated') });
  }
  return tables;
}
