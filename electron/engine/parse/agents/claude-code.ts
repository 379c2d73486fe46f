import { createHash } from 'node:crypto';
import type {
  DocumentOutcome,
  FileKind,
  LineOutcome,
  ParsedRecord,
  SubagentLink,
  ToolBody,
  TranscriptContext,
} from '../../../../shared/record.ts';
import type { EpochMs } from '../../../../shared/time.ts';
import type { AgentAdapter } from '../agent-adapter.ts';
import { readGluedRecords } from './glued-records.ts';
import { readAssistantRecord } from './claude-code/assistant-record.ts';
import { readAttachmentRecord } from './claude-code/attachment-record.ts';
import { readHistoryLine } from './claude-code/history-line.ts';
import { decodeJsonLine, trimLine } from './claude-code/json-line.ts';
import {
  flagField,
  numberField,
  objectField,
  stringField,
  wordField,
  type JsonObject,
} from './claude-code/json-object.ts';
import { SILENT_MEMBER, type RawRecord, type RecordReading } from './claude-code/record-reading.ts';
import { isChainType, isKnownType, typeName } from './claude-code/record-types.ts';
import { readSystemRecord } from './claude-code/system-record.ts';
import { readToolBodies } from './claude-code/tool-bodies.ts';
import { withoutToolOutput } from './claude-code/tool-output.ts';
import { placeOf } from './claude-code/transcript-path.ts';
import { readUserRecord } from './claude-code/user-record.ts';

const HISTORY_FILE = 'history.jsonl';
/** A record's own id is taken as it is if it is a plain word; anything else is replaced by a hash. */
const PLAIN_ID = /^[\w.:-]{1,128}$/u;
const SESSION_READING: RecordReading = { role: 'session', prompt: null, parts: [], signal: null };
const TITLE_RANKS: ReadonlyMap<string, { readonly field: string; readonly rank: number }> = new Map([
  ['custom-title', { field: 'customTitle', rank: 3 }],
  ['ai-title', { field: 'aiTitle', rank: 2 }],
]);
/** First fields of a record; where one stands in the middle of a line, a second record may start. */
const RECORD_STARTS = ['{"parentUuid":', '{"type":', '{"isSidechain":', '{"display":'] as const;
const SALVAGE_TRIES = 16;

/** Reads the transcripts of Claude Code, versions 1.0 to 2.1. */
export class ClaudeCodeAdapter implements AgentAdapter {
  readonly agent = 'claude-code';
  readonly #shorten: (line: Buffer) => Buffer;

  /** @param shorten for tests, which compare with the parse of whole lines */
  constructor(shorten: (line: Buffer) => Buffer = withoutToolOutput) {
    this.#shorten = shorten;
  }

  contextOf(archivePath: string, relativePath: string): TranscriptContext {
    return { agent: this.agent, archivePath, relativePath, ...placeOf(relativePath) };
  }

  fileKind(): FileKind {
    return 'lines';
  }

  /** It keeps none. */
  parseDocument(): DocumentOutcome {
    return { outcome: 'malformed', reason: 'not-an-object' };
  }

  parseLine(line: Buffer, context: TranscriptContext): LineOutcome {
    const bytes = trimLine(line);
    const json = decodeJsonLine(bytes, this.#shorten);
    if (json.outcome === 'object') return { outcome: 'record', record: this.#read(json.object, bytes, context) };
    if (json.outcome === 'blank' || json.reason !== 'not-json') return json;
    return readGluedRecords(bytes, (piece) => this.parseLine(piece, context)) ?? json;
  }

  salvageLine(line: Buffer, context: TranscriptContext): ParsedRecord | null {
    const bytes = trimLine(line);
    const clean = bytes.includes(0) ? Buffer.from(bytes.filter((byte) => byte !== 0)) : bytes;
    for (const start of recordStarts(clean)) {
      const outcome = this.parseLine(clean.subarray(start), context);
      // A block inside the unfinished record is an object, too, but of no type that a line has.
      if (outcome.outcome === 'record' && outcome.record.isKnownType) return outcome.record;
    }
    return null;
  }

  parseSidecar(context: TranscriptContext, bytes: Buffer): SubagentLink | null {
    const { sessionId, subagentId } = context;
    if (sessionId === null || subagentId === null || !context.relativePath.endsWith('.meta.json')) return null;
    const json = decodeJsonLine(bytes);
    if (json.outcome !== 'object') return null;
    const toolUseId = wordField(json.object, 'toolUseId');
    return { subagentId, sessionId, toolUseId, description: wordField(json.object, 'description') };
  }

  readBodies(line: Buffer): readonly ToolBody[] {
    const json = decodeJsonLine(trimLine(line));
    return json.outcome === 'object' ? readToolBodies(json.object) : [];
  }

  #read(fields: JsonObject, bytes: Buffer, context: TranscriptContext): ParsedRecord {
    const isHistory = context.relativePath === HISTORY_FILE;
    const type = isHistory ? 'history' : (wordField(fields, 'type') ?? 'untyped');
    const subtype = subtypeOf(fields, type);
    const sessionId = wordField(fields, 'sessionId') ?? context.sessionId;
    const key = keyOf(fields, sessionId, type, bytes);
    const reading = isHistory ? SESSION_READING : readByType(type, { fields, key, sizeBytes: bytes.length });
    return {
      key,
      type: typeName(type, subtype),
      isKnownType: isHistory || isKnownType(type, subtype),
      sessionId,
      // The real predecessor across a compaction stands in the second field; the first is null there.
      parentKey: wordField(fields, 'parentUuid') ?? wordField(fields, 'logicalParentUuid'),
      at: timeOf(fields),
      cwd: wordField(fields, 'cwd'),
      lane: laneOf(fields, context),
      ...reading,
      title: titleOf(fields, type, sessionId),
      history: isHistory ? readHistoryLine(fields) : null,
    };
  }
}

function readByType(type: string, record: RawRecord): RecordReading {
  switch (type) {
    case 'user':
      return readUserRecord(record);
    case 'assistant':
      return readAssistantRecord(record);
    case 'system':
      return readSystemRecord(record);
    case 'attachment':
      return readAttachmentRecord(record);
    default:
      // An unknown record with an id may be the parent of known ones: the chain must not break at it.
      return isChainType(type) || wordField(record.fields, 'uuid') !== null ? SILENT_MEMBER : SESSION_READING;
  }
}

function subtypeOf(fields: JsonObject, type: string): string | null {
  if (type === 'system') return wordField(fields, 'subtype');
  const attachment = type === 'attachment' ? objectField(fields, 'attachment') : null;
  return attachment === null ? null : wordField(attachment, 'type');
}

function keyOf(fields: JsonObject, sessionId: string | null, type: string, bytes: Buffer): string {
  const uuid = wordField(fields, 'uuid');
  if (uuid !== null && PLAIN_ID.test(uuid)) return uuid;
  const hash = createHash('sha256')
    .update(`${sessionId ?? ''}\n${type}\n`)
    .update(bytes);
  return `#${hash.digest('hex').slice(0, 32)}`;
}

/** When the record was written; metadata keep their time in other places than chain records. */
function timeOf(fields: JsonObject): EpochMs | null {
  const snapshot = objectField(fields, 'snapshot');
  const text = stringField(fields, 'timestamp') ?? (snapshot === null ? null : stringField(snapshot, 'timestamp'));
  if (text === null) return numberField(fields, 'timestamp');
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

function laneOf(fields: JsonObject, context: TranscriptContext): string {
  if (context.subagentId !== null) return `agent:${context.subagentId}`;
  if (!flagField(fields, 'isSidechain')) return 'main';
  // Versions 1.0 and 2.0 write subagents inline and without an id.
  return `agent:${wordField(fields, 'agentId') ?? 'inline'}`;
}

/** A `summary` is no title of this session: it describes the one that holds its `leafUuid`. */
function titleOf(fields: JsonObject, type: string, sessionId: string | null): ParsedRecord['title'] {
  const source = TITLE_RANKS.get(type);
  const text = source === undefined ? null : wordField(fields, source.field)?.trim();
  if (source === undefined || text === undefined || text === null || text === '' || sessionId === null) return null;
  return { text, rank: source.rank, sessionId };
}

function recordStarts(bytes: Buffer): readonly number[] {
  const starts = new Set<number>([0]);
  for (const mark of RECORD_STARTS) {
    for (let at = bytes.indexOf(mark, 1); at >= 0 && starts.size < SALVAGE_TRIES; at = bytes.indexOf(mark, at + 1))
      starts.add(at);
  }
  return [...starts].sort((a, b) => a - b);
}
