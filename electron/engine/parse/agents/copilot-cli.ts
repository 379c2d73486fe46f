import { SESSION_MARK, withMarks, type MarkChanges, type Marks } from '../../../../shared/marks.ts';
import type {
  DocumentOutcome,
  FileKind,
  LineOutcome,
  LinePlace,
  ParsedRecord,
  SubagentLink,
  ToolBody,
  TranscriptContext,
} from '../../../../shared/record.ts';
import type { AgentAdapter } from '../agent-adapter.ts';
import { decodeJsonLine, trimLine } from './claude-code/json-line.ts';
import { objectField, stringField, wordField, type JsonObject } from './claude-code/json-object.ts';
import { contentKey, isPlainId } from './content-key.ts';
import { readEvent, taskOf } from './copilot-cli/event-reading.ts';
import { eventName, isKnownEvent } from './copilot-cli/event-types.ts';
import { legacyRecords } from './copilot-cli/legacy-session.ts';
import { sessionPlaceOf } from './copilot-cli/session-path.ts';
import { readToolBodies } from './copilot-cli/tool-bodies.ts';
import { gluedRecords, salvagedRecord } from './salvage.ts';

const RECORD_STARTS = ['{"type":', '{"id":', '{"data":'] as const;
const CWD = '~cwd';
const AGENT = '~agent.';

/** Reads the events of GitHub Copilot CLI: `{type, data, id, timestamp, parentId}`, one a line. */
export class CopilotCliAdapter implements AgentAdapter {
  readonly agent = 'copilot-cli';

  contextOf(archivePath: string, relativePath: string): TranscriptContext {
    const { sessionId } = sessionPlaceOf(relativePath);
    return { agent: this.agent, archivePath, relativePath, sessionId, subagentId: null };
  }

  fileKind(relativePath: string): FileKind {
    return sessionPlaceOf(relativePath).isDocument ? 'document' : 'lines';
  }

  parseDocument(bytes: Buffer, context: TranscriptContext): DocumentOutcome {
    const json = decodeJsonLine(bytes);
    if (json.outcome === 'malformed') return json;
    return { outcome: 'records', records: json.outcome === 'blank' ? [] : legacyRecords(json.object, context) };
  }

  parseLine(line: Buffer, context: TranscriptContext, place: LinePlace): LineOutcome {
    const bytes = trimLine(line);
    const outcome = parseOne(bytes, context, place);
    if (outcome.outcome !== 'malformed') return outcome;
    const records = gluedRecords(bytes, RECORD_STARTS, place, (piece, at) => parseOne(piece, context, at));
    return records === null ? outcome : { outcome: 'records', records };
  }

  salvageLine(line: Buffer, context: TranscriptContext, place: LinePlace): ParsedRecord | null {
    return salvagedRecord(trimLine(line), RECORD_STARTS, place, (piece, at) => parseOne(piece, context, at));
  }

  parseSidecar(): SubagentLink | null {
    return null;
  }

  readBodies(line: Buffer): readonly ToolBody[] {
    const json = decodeJsonLine(trimLine(line));
    return json.outcome === 'object' ? readToolBodies(json.object) : [];
  }
}

function parseOne(bytes: Buffer, context: TranscriptContext, place: LinePlace): LineOutcome {
  const json = decodeJsonLine(bytes);
  return json.outcome === 'object'
    ? { outcome: 'record', record: read(json.object, bytes, context, place.marks) }
    : json;
}

function read(fields: JsonObject, bytes: Buffer, context: TranscriptContext, before: Marks): ParsedRecord {
  const type = wordField(fields, 'type') ?? 'untyped';
  const data = objectField(fields, 'data') ?? {};
  const changes = changesOf(type, data, fields);
  const marks = withMarks(before, changes);
  const sessionId = marks[SESSION_MARK] ?? context.sessionId;
  const id = wordField(fields, 'id');
  const key = id !== null && isPlainId(id) ? id : contentKey(sessionId ?? '', type, bytes);
  const at = Date.parse(stringField(fields, 'timestamp') ?? '');
  return {
    key,
    type: eventName(type),
    isKnownType: isKnownEvent(type),
    sessionId,
    parentKey: wordField(fields, 'parentId'),
    at: Number.isNaN(at) ? null : at,
    cwd: marks[CWD] ?? null,
    lane: laneOf(type, data, fields, marks),
    ...readEvent({ type, data, key, sizeBytes: bytes.length }),
    title: titleOf(type, data, sessionId),
    history: null,
    ...(changes === undefined ? {} : { marks: changes }),
  };
}

/** The session and its directory are said once; subagents have an id of their own beside that of the call that made them. */
function changesOf(type: string, data: JsonObject, fields: JsonObject): MarkChanges | undefined {
  const changes: Record<string, string> = {};
  const session = type === 'session.start' ? wordField(data, 'sessionId') : null;
  if (session !== null) changes[SESSION_MARK] = session;
  const context = objectField(data, 'context') ?? (type === 'session.context_changed' ? data : null);
  const cwd = context === null ? null : wordField(context, 'cwd');
  if (cwd !== null) changes[CWD] = cwd;
  const agent = wordField(fields, 'agentId');
  const call = type === 'subagent.started' ? wordField(data, 'toolCallId') : null;
  if (agent !== null && call !== null) changes[`${AGENT}${agent}`] = call;
  return Object.keys(changes).length === 0 ? undefined : changes;
}

function laneOf(type: string, data: JsonObject, fields: JsonObject, marks: Marks): string {
  const agent = wordField(fields, 'agentId');
  const task = taskOf(type, data)?.callId ?? null;
  const ended = type.startsWith('subagent.') ? wordField(data, 'toolCallId') : null;
  const call =
    task ??
    ended ??
    wordField(data, 'parentToolCallId') ??
    (agent === null ? null : (marks[`${AGENT}${agent}`] ?? agent));
  return call === null ? 'main' : `agent:${call}`;
}

function titleOf(type: string, data: JsonObject, sessionId: string | null): ParsedRecord['title'] {
  const text = type === 'session.title_changed' ? (wordField(data, 'title')?.trim() ?? '') : '';
  return text === '' || sessionId === null ? null : { text, rank: 2, sessionId };
}
