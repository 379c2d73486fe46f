import { isUtf8 } from 'node:buffer';
import { withMarks, type MarkChanges, type Marks } from '../../../../shared/marks.ts';
import type {
  DocumentOutcome,
  FileKind,
  LineOutcome,
  LinePlace,
  LocatedRecord,
  ParsedRecord,
  SubagentLink,
  ToolBody,
  TranscriptContext,
} from '../../../../shared/record.ts';
import type { AgentAdapter } from '../agent-adapter.ts';
import { decodeJsonLine, trimLine } from './claude-code/json-line.ts';
import { stringField, wordField, type JsonObject } from './claude-code/json-object.ts';
import { contentKey } from './content-key.ts';
import { readMessage, type ReadMessage } from './cursor/message-reading.ts';
import { partsOf, textBlocks, type TextBlock } from './cursor/plain-text.ts';
import { transcriptPlaceOf } from './cursor/transcript-path.ts';
import { readUserText } from './cursor/user-text.ts';
import { readToolBodies } from './claude-code/tool-bodies.ts';
import { gluedRecords, salvagedRecord } from './salvage.ts';

const RECORD_STARTS = ['{"role":', '{"type":'] as const;
const ROLES: ReadonlySet<string> = new Set(['user', 'assistant']);
const AT = '~at';
const CWD = '~cwd';
const LONGEST_NAME = 100;

/**
 * Reads the agent transcripts of Cursor: `{role, message: {content}}`, one a line, without ids and times. What tells two
 * equal lines apart is their place, so that "yes" may be said twice.
 */
export class CursorAdapter implements AgentAdapter {
  readonly agent = 'cursor';

  contextOf(archivePath: string, relativePath: string): TranscriptContext {
    const { sessionId, subagentId } = transcriptPlaceOf(relativePath);
    return { agent: this.agent, archivePath, relativePath, sessionId, subagentId };
  }

  fileKind(relativePath: string): FileKind {
    return transcriptPlaceOf(relativePath).isText ? 'document' : 'lines';
  }

  /** Plain text of the first versions. The last block may still grow: the longer one replaces what is known of it. */
  parseDocument(bytes: Buffer, context: TranscriptContext): DocumentOutcome {
    if (!isUtf8(bytes)) return { outcome: 'malformed', reason: 'invalid-utf8' };
    return { outcome: 'records', records: textRecords(bytes.toString('utf8'), context) };
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
  return json.outcome === 'object' ? { outcome: 'record', record: readLine(json.object, bytes, context, place) } : json;
}

function readLine(fields: JsonObject, bytes: Buffer, context: TranscriptContext, place: LinePlace): ParsedRecord {
  const role = wordField(fields, 'role');
  const control = role === null ? stringField(fields, 'type') : null;
  const key = contentKey(context.sessionId ?? '', context.subagentId ?? '', place.start, bytes);
  const { said, ...reading } = readMessage({ fields, key, sizeBytes: bytes.length });
  const changes = changesOf(said);
  const marks = withMarks(place.marks, changes);
  return {
    ...recordOf(context, marks),
    key,
    type: (control ?? role ?? 'untyped').slice(0, LONGEST_NAME),
    isKnownType: control === 'turn_ended' || (role !== null && ROLES.has(role)),
    ...reading,
    ...(changes === undefined ? {} : { marks: changes }),
  };
}

function* textRecords(text: string, context: TranscriptContext): Generator<LocatedRecord> {
  let marks: Marks = {};
  for (const [index, block] of textBlocks(text).entries()) {
    const key = contentKey(context.sessionId ?? '', context.subagentId ?? '', 'text', index, block.role);
    const said = block.role === 'user' ? readUserText(block.text) : null;
    marks = withMarks(marks, changesOf(said));
    const record: ParsedRecord = {
      ...recordOf(context, marks),
      key,
      type: `text.${block.role}`,
      isKnownType: true,
      version: block.text.length,
      ...blockReading(block, key, said?.prompt ?? null),
    };
    yield { record, offset: block.start, length: block.length };
  }
}

function blockReading(
  block: TextBlock,
  key: string,
  prompt: string | null,
): Pick<ParsedRecord, 'role' | 'prompt' | 'parts' | 'signal'> {
  if (block.role === 'assistant') {
    return { role: 'member', prompt: null, parts: partsOf(block.text, key), signal: 'completed' };
  }
  return prompt === null
    ? { role: 'session', prompt: null, parts: [], signal: null }
    : { role: 'prompt', prompt, parts: [], signal: null };
}

/** What every record of a file has in common, as far as is known at its place. */
function recordOf(
  context: TranscriptContext,
  marks: Marks,
): Omit<ParsedRecord, 'key' | 'type' | 'isKnownType' | 'role' | 'prompt' | 'parts' | 'signal'> {
  const at = marks[AT];
  return {
    sessionId: context.sessionId,
    parentKey: null,
    at: at === undefined ? (context.firstSeenAt ?? null) : Number(at),
    cwd: marks[CWD] ?? null,
    lane: context.subagentId === null ? 'main' : `agent:${context.subagentId}`,
    title: null,
    history: null,
  };
}

/** A time that the client wrote beside a prompt stands for what follows it, too. */
function changesOf(said: ReadMessage['said']): MarkChanges | undefined {
  if (said === null || (said.at === null && said.cwd === null)) return undefined;
  return {
    ...(said.at === null ? {} : { [AT]: String(said.at) }),
    ...(said.cwd === null ? {} : { [CWD]: said.cwd }),
  };
}
