import { createHash } from 'node:crypto';
import type {
  DocumentOutcome,
  FileKind,
  LineOutcome,
  LocatedRecord,
  ParsedRecord,
  SubagentLink,
  ToolBody,
  TranscriptContext,
} from '../../../../shared/record.ts';
import type { AgentAdapter } from '../agent-adapter.ts';
import { decodeJsonLine, trimLine } from './claude-code/json-line.ts';
import { numberField, objectField, stringField, wordField, type JsonObject } from './claude-code/json-object.ts';
import { readMessage } from './opencode/message-row.ts';
import { readPart } from './opencode/part-row.ts';
import { readRow, type ReadRow } from './opencode/read-row.ts';
import { readSession } from './opencode/session-row.ts';
import { readSchema } from './opencode/table-columns.ts';
import { readToolBodies } from './opencode/tool-bodies.ts';

/** Rows of these tables are kept, and say nothing of a conversation that messages and parts do not say. */
const SILENT_TABLES: ReadonlySet<string> = new Set(['project', 'todo', 'session_message']);

/**
 * Reads the mirror of opencode's database, and that of the files it kept before: each line is one state of one row, with
 * the facts of its session and message that are needed to understand it alone.
 */
export class OpencodeAdapter implements AgentAdapter {
  readonly agent = 'opencode';

  /** `opencode.db/<session>.jsonl`, or `opencode.db/<session>/<subagent's session>.jsonl`. */
  contextOf(archivePath: string, relativePath: string): TranscriptContext {
    const [, ...names] = relativePath.replace(/\.jsonl$/u, '').split('/');
    const [session = null, subagent = null] = names;
    const isSession = session !== null && session !== 'database';
    const context = { agent: this.agent, archivePath, relativePath } as const;
    return { ...context, sessionId: isSession ? session : null, subagentId: subagent };
  }

  fileKind(): FileKind {
    return 'lines';
  }

  /** It keeps none: the small files of old versions are mirrored like rows. */
  parseDocument(): DocumentOutcome {
    return { outcome: 'malformed', reason: 'not-an-object' };
  }

  parseLine(line: Buffer, context: TranscriptContext): LineOutcome {
    const bytes = trimLine(line);
    const json = decodeJsonLine(bytes);
    if (json.outcome !== 'object') return json;
    // Says only where the next look at the database goes on.
    if (objectField(json.object, 'pass') !== null) return { outcome: 'blank' };
    const row = readRow(json.object, bytes.length);
    if (row === null) return { outcome: 'record', record: unknownRecord(json.object, bytes, context) };
    if (row.needsData && row.data === null) return { outcome: 'malformed', reason: 'not-json' };
    return oneOrMore(recordsOf(row, context), bytes.length);
  }

  /** Lines are whole or cut short: what is left of one holds no other. */
  salvageLine(): ParsedRecord | null {
    return null;
  }

  parseSidecar(): SubagentLink | null {
    return null;
  }

  readBodies(line: Buffer): readonly ToolBody[] {
    const json = decodeJsonLine(trimLine(line));
    const row = json.outcome === 'object' ? readRow(json.object, line.length) : null;
    return row === null ? [] : readToolBodies(row);
  }
}

function recordsOf(row: ReadRow, context: TranscriptContext): readonly ParsedRecord[] {
  switch (row.table) {
    case 'session':
      return [readSession(row, context)];
    case 'message':
      return readMessage(row, context);
    case 'part':
      return [readPart(row, context)];
    case 'sqlite_schema':
      return [readSchema(row, context)];
    default:
      return [{ ...row.silentRecord(context), isKnownType: SILENT_TABLES.has(row.table) }];
  }
}

function oneOrMore(records: readonly ParsedRecord[], length: number): LineOutcome {
  const [first, ...more] = records;
  if (first === undefined) return { outcome: 'blank' };
  if (more.length === 0) return { outcome: 'record', record: first };
  // Two records of one row: no two may begin at the same place.
  const located = records.map((record, index): LocatedRecord => ({ record, offset: index, length: length - index }));
  return { outcome: 'records', records: located };
}

/** A line that no version of ours has written. */
function unknownRecord(fields: JsonObject, bytes: Buffer, { sessionId, subagentId }: TranscriptContext): ParsedRecord {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  return {
    key: `#${hash}`,
    type: stringField(fields, 'table') ?? wordField(fields, 'type') ?? 'untyped',
    isKnownType: false,
    sessionId,
    parentKey: null,
    at: numberField(fields, 'time_created'),
    cwd: null,
    lane: subagentId === null ? 'main' : `agent:${subagentId}`,
    role: 'session',
    prompt: null,
    parts: [],
    signal: null,
    title: null,
    history: null,
  };
}
