/** One line of a mirror, taken apart: the row, the JSON that stands in it, and what was known around it. */
import type { ParsedRecord, TranscriptContext } from '../../../../../shared/record.ts';
import {
  isJsonObject,
  numberField,
  objectField,
  objectsField,
  stringField,
  wordField,
  type JsonObject,
} from '../claude-code/json-object.ts';

export interface ReadRow {
  readonly table: string;
  /** Its own id, or the values of its primary key. */
  readonly id: string;
  readonly row: JsonObject;
  /** The JSON in its column `data`; null when there is none, or none that can be read. */
  readonly data: JsonObject | null;
  readonly needsData: boolean;
  readonly session: JsonObject;
  readonly message: JsonObject;
  /** Parts of a prompt's message; null for every other row. */
  readonly promptParts: readonly JsonObject[] | null;
  /** The message that this one is a copy of, because its session was forked; null: it is no copy. */
  readonly copyOf: string | null;
  /** Columns of a table's shape; empty for every other row. */
  readonly columns: readonly string[];
  readonly createdAt: number | null;
  /** Time of its last change by the agent's clock, which orders its states; 0: its table does not say. */
  readonly updatedAt: number;
  readonly sizeBytes: number;
  /** A record of this row that belongs to no exchange and shows nothing. */
  silentRecord(context: TranscriptContext): ParsedRecord;
}

const NONE: JsonObject = {};
const TABLES_OF_DATA: ReadonlySet<string> = new Set(['message', 'part']);
/** Their ids are told apart by their beginnings; those of other tables need the name of the table. */
const TABLES_OF_IDS: ReadonlySet<string> = new Set(['session', 'message', 'part']);

/** @returns null for an object that is no row of a mirror */
export function readRow(line: JsonObject, sizeBytes: number): ReadRow | null {
  const table = wordField(line, 'table');
  const row = objectField(line, 'row');
  const { key } = line;
  if (table === null || row === null || !Array.isArray(key)) return null;
  const context = objectField(line, 'with') ?? NONE;
  const id = key.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('/');
  const read = {
    table,
    id,
    row,
    data: dataOf(row),
    needsData: TABLES_OF_DATA.has(table),
    session: objectField(context, 'session') ?? NONE,
    message: objectField(context, 'message') ?? NONE,
    promptParts: objectsField(line, 'parts'),
    copyOf: wordField(context, 'copyOf'),
    columns: wordsIn(context['columns']),
    createdAt: numberField(row, 'time_created') ?? timeIn(dataOf(row)),
    updatedAt: numberField(row, 'time_updated') ?? 0,
    sizeBytes,
  };
  return { ...read, silentRecord: (transcript) => silentRecord(read, transcript) };
}

function silentRecord(
  row: Omit<ReadRow, 'silentRecord'>,
  { sessionId, subagentId, relativePath }: TranscriptContext,
): ParsedRecord {
  const isShared = TABLES_OF_IDS.has(row.table);
  // What is not told apart by its id belongs to the database in which it stands.
  const key = isShared ? row.id : `${row.table}/${relativePath.split('/')[0] ?? ''}/${row.id}`;
  return {
    key,
    type: row.table,
    isKnownType: true,
    sessionId,
    parentKey: null,
    at: row.createdAt,
    cwd: wordField(row.session, 'directory'),
    lane: subagentId === null ? 'main' : `agent:${subagentId}`,
    role: 'session',
    prompt: null,
    parts: [],
    signal: null,
    title: null,
    history: null,
    version: row.updatedAt,
  };
}

/** A file of the old store says when it was made only inside. */
function timeIn(data: JsonObject | null): number | null {
  return data === null ? null : numberField(objectField(data, 'time') ?? NONE, 'created');
}

function wordsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : [];
}

function dataOf(row: JsonObject): JsonObject | null {
  const text = stringField(row, 'data');
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    // The caller makes a dead letter of it.
    return null;
  }
}
