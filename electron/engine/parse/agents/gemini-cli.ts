/**
 * Reads the chats of Gemini CLI: lines of messages and patches (`$set`, `$rewindTo`), and the whole-file JSON of versions
 * before them. A message that is written again is a newer state of it. Lines name neither session nor folder: the first line
 * does, and the words that set up the session; both are remembered for the lines after them.
 */
import type {
  DocumentOutcome,
  FileKind,
  LineOutcome,
  LinePlace,
  LocatedRecord,
  MalformedRange,
  ParsedRecord,
  SubagentLink,
  ToolBody,
  TranscriptContext,
} from '../../../../shared/record.ts';
import type { AgentAdapter } from '../agent-adapter.ts';
import { decodeJsonLine, trimLine } from './claude-code/json-line.ts';
import { isJsonObject, objectField, stringField, wordField, type JsonObject } from './claude-code/json-object.ts';
import { placeOf } from './gemini-cli/chat-path.ts';
import {
  chatOf,
  directoryOf,
  keyOf,
  lineRecord,
  messageRecord,
  metadataRecord,
  ordinalId,
  timeOf,
  withWaiting,
  withoutPrompt,
  withoutWaiting,
  type Chat,
} from './gemini-cli/chat-record.ts';
import { readToolBodies } from './gemini-cli/tool-bodies.ts';
import { readGluedRecords } from './glued-records.ts';
import { elementRanges } from './json-ranges.ts';

/** Fields of the first line, and of a patch. */
const METADATA: ReadonlySet<string> = new Set([
  'directories',
  'kind',
  'lastUpdated',
  'memoryScratchpad',
  'messages',
  'projectHash',
  'sessionId',
  'startTime',
  'summary',
]);

/**
 * Which of the states of a message stands. A line of its own says most; a list of all messages repeats them as the model
 * is to see them, shortened perhaps.
 */
const VERSIONS = { document: 0, list: 1, insertion: 1.5, line: 2 } as const;
/** A message in a list that was made in the moment of the list was put in by the client: a summary, or a copy with a new id. */
const INSERTION_MS = 250;
const LONGEST_NAME = 100;
/** First fields of a line; where one stands in the middle of a line, a second record may start. */
const RECORD_STARTS = ['{"id":', '{"$set":', '{"$rewindTo":', '{"sessionId":'] as const;
const SALVAGE_TRIES = 16;

export class GeminiCliAdapter implements AgentAdapter {
  readonly agent = 'gemini-cli';

  contextOf(archivePath: string, relativePath: string): TranscriptContext {
    return { agent: this.agent, archivePath, relativePath, ...placeOf(relativePath) };
  }

  fileKind(relativePath: string): FileKind {
    return relativePath.endsWith('.json') ? 'document' : 'lines';
  }

  parseLine(line: Buffer, context: TranscriptContext, place: LinePlace): LineOutcome {
    const bytes = trimLine(line);
    const json = decodeJsonLine(bytes);
    if (json.outcome === 'object') return readLine(json.object, bytes, chatOf(context, place.marks));
    if (json.outcome === 'blank' || json.reason !== 'not-json') return json;
    return readGluedRecords(bytes, (piece) => this.parseLine(piece, context, place)) ?? json;
  }

  salvageLine(line: Buffer, context: TranscriptContext, place: LinePlace): ParsedRecord | null {
    const bytes = trimLine(line);
    const clean = bytes.includes(0) ? Buffer.from(bytes.filter((byte) => byte !== 0)) : bytes;
    for (const start of recordStarts(clean)) {
      const outcome = this.parseLine(clean.subarray(start), context, place);
      if (outcome.outcome === 'record' && outcome.record.isKnownType) return outcome.record;
    }
    return null;
  }

  parseDocument(bytes: Buffer, context: TranscriptContext): DocumentOutcome {
    const json = decodeJsonLine(bytes);
    if (json.outcome === 'blank') return { outcome: 'records', records: [] };
    if (json.outcome === 'malformed') return json;
    const sessionId = wordField(json.object, 'sessionId');
    const messages = json.object['messages'];
    if (sessionId === null || !Array.isArray(messages)) return { outcome: 'malformed', reason: 'not-a-transcript' };
    const isSubagent = context.subagentId !== null || stringField(json.object, 'kind') === 'subagent';
    const chat: Chat = { context, sessionId, directory: directoryOf(json.object), isSubagent, waiting: null };
    const header = metadataRecord(json.object, bytes, chat, 'header');
    // One record for all rewritings of the document.
    const whole = { ...header, key: `document:${sessionId}`, version: VERSIONS.document };
    const version = (): number => VERSIONS.document;
    return {
      outcome: 'records',
      records: [
        { record: whole, offset: 0, length: 1 },
        ...readMessages(messages, bytes, ['messages'], chat, version),
        ...strangers(messages, bytes),
      ],
    };
  }

  parseSidecar(): SubagentLink | null {
    return null;
  }

  readBodies(bytes: Buffer): readonly ToolBody[] {
    const json = decodeJsonLine(trimLine(bytes));
    return json.outcome === 'object' ? readToolBodies(json.object) : [];
  }
}

/** In the order in which the client itself asks. */
function readLine(fields: JsonObject, bytes: Buffer, chat: Chat): LineOutcome {
  const rewindTo = wordField(fields, '$rewindTo');
  if (rewindTo !== null) return one({ ...lineRecord(fields, bytes, chat, 'rewind'), takesBack: keyOf(rewindTo, chat) });
  const id = wordField(fields, 'id');
  if (id !== null) return one(withWaiting(messageRecord(fields, id, chat, VERSIONS.line)));
  const patch = objectField(fields, '$set');
  if (patch !== null) return readPatch(patch, bytes, chat);
  if (wordField(fields, 'sessionId') !== null && stringField(fields, 'projectHash') !== null) {
    return readHeader(fields, bytes, chat);
  }
  const type = (wordField(fields, 'type') ?? 'untyped').slice(0, LONGEST_NAME);
  return one({ ...lineRecord(fields, bytes, chat, type), isKnownType: false });
}

function one(record: ParsedRecord): LineOutcome {
  return { outcome: 'record', record };
}

/** The first line of a file, and of what a resumed session adds; in one form it holds the messages, too. */
function readHeader(fields: JsonObject, bytes: Buffer, before: Chat): LineOutcome {
  const header = metadataRecord(fields, bytes, before, 'header');
  const messages = fields['messages'];
  if (!Array.isArray(messages)) return one(header);
  const chat = { ...before, sessionId: header.sessionId, directory: header.cwd ?? before.directory };
  const list = readMessages(messages, bytes, ['messages'], chat, () => VERSIONS.list);
  return { outcome: 'records', records: [{ record: header, offset: 0, length: 1 }, ...list] };
}

function readPatch(patch: JsonObject, bytes: Buffer, chat: Chat): LineOutcome {
  const unknown = Object.keys(patch).find((name) => !METADATA.has(name));
  const type = unknown === undefined ? 'set' : `set/${unknown}`.slice(0, LONGEST_NAME);
  const record = { ...metadataRecord(patch, bytes, chat, type), isKnownType: unknown === undefined };
  const messages = patch['messages'];
  if (!Array.isArray(messages)) return one(record);
  const listedAt = timeOf(patch, 'lastUpdated');
  const version = (message: JsonObject): number => {
    const at = timeOf(message, 'timestamp');
    const isInsertion = at !== null && listedAt !== null && Math.abs(listedAt - at) <= INSERTION_MS;
    return isInsertion ? VERSIONS.insertion : VERSIONS.list;
  };
  const list = readMessages(messages, bytes, ['$set', 'messages'], chat, version);
  // A prompt that was cancelled or refused is taken out of the list, and nothing else says so.
  const isGone = chat.waiting !== null && !list.some(({ record: listed }) => listed.key === chat.waiting);
  const said = isGone ? withoutWaiting({ ...record, role: 'member', signal: 'interrupted' }) : record;
  return { outcome: 'records', records: [{ record: said, offset: 0, length: bytes.length }, ...list] };
}

function readMessages(
  messages: readonly unknown[],
  bytes: Buffer,
  path: readonly string[],
  before: Chat,
  versionOf: (message: JsonObject) => number,
): readonly LocatedRecord[] {
  const ranges = elementRanges(bytes, path);
  let chat = before;
  return messages.flatMap((message, index) => {
    const id = isJsonObject(message) ? wordField(message, 'id') : null;
    const range = ranges[index];
    if (!isJsonObject(message) || range === undefined) return [];
    const version = versionOf(message);
    const record = messageRecord(message, id ?? ordinalId(message, index), chat, version);
    chat = { ...chat, directory: record.cwd };
    return [{ record: version === VERSIONS.insertion ? withoutPrompt(record) : record, ...range }];
  });
}

/** What stands among the messages of a document and is none. */
function strangers(messages: readonly unknown[], bytes: Buffer): readonly MalformedRange[] {
  const ranges = elementRanges(bytes, ['messages']);
  return ranges
    .filter((_, index) => !isJsonObject(messages[index]))
    .map((range) => ({ malformed: 'not-an-object', ...range }));
}

function recordStarts(bytes: Buffer): readonly number[] {
  const starts = new Set<number>([0]);
  for (const mark of RECORD_STARTS) {
    for (let at = bytes.indexOf(mark, 1); at >= 0 && starts.size < SALVAGE_TRIES; at = bytes.indexOf(mark, at + 1))
      starts.add(at);
  }
  return [...starts].sort((a, b) => a - b);
}
