/** What the lines and messages of a chat are as records: their keys, their session, their folder, what is remembered of them. */
import { createHash } from 'node:crypto';
import { SESSION_MARK, type MarkChanges, type Marks } from '../../../../../shared/marks.ts';
import type { ParsedRecord, TranscriptContext } from '../../../../../shared/record.ts';
import type { EpochMs } from '../../../../../shared/time.ts';
import { stringField, wordField, type JsonObject } from '../claude-code/json-object.ts';
import { chatNameOf } from './chat-path.ts';
import { MESSAGE_TYPES, readMessage } from './message-record.ts';

const DIRECTORY_MARK = '~directory';
const KIND_MARK = '~kind';
/** Prompt that nothing has answered yet. */
const WAITING_MARK = '~waiting';

const TITLE_RANK = 2;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
const LONGEST_NAME = 100;

/** What is known of the conversation where a record stands. */
export interface Chat {
  readonly context: TranscriptContext;
  readonly sessionId: string | null;
  readonly directory: string | null;
  readonly isSubagent: boolean;
  /** Prompt that nothing has answered yet. */
  readonly waiting: string | null;
}

/** As the lines before tell. */
export function chatOf(context: TranscriptContext, marks: Marks): Chat {
  return {
    context,
    sessionId: marks[SESSION_MARK] ?? context.sessionId,
    directory: marks[DIRECTORY_MARK] ?? null,
    isSubagent: context.subagentId !== null || marks[KIND_MARK] === 'subagent',
    waiting: marks[WAITING_MARK] ?? null,
  };
}

/** The waiting prompt waits no more. */
export function withoutWaiting(record: ParsedRecord): ParsedRecord {
  return { ...record, marks: { ...record.marks, [WAITING_MARK]: null } };
}

/** Versions before ids: the place in the list is all there is. */
export function ordinalId(message: JsonObject, index: number): string {
  return `${index}:${stringField(message, 'timestamp') ?? ''}`;
}

export function messageRecord(fields: JsonObject, id: string, chat: Chat, version: number): ParsedRecord {
  const key = keyOf(id, chat);
  const type = wordField(fields, 'type') ?? 'untyped';
  const { directory, ...reading } = readMessage(fields, key);
  return {
    key,
    type: type.slice(0, LONGEST_NAME),
    isKnownType: MESSAGE_TYPES.has(type),
    sessionId: chat.sessionId,
    parentKey: null,
    at: timeOf(fields, 'timestamp'),
    cwd: directory ?? chat.directory,
    lane: laneOf(chat),
    ...reading,
    title: null,
    history: null,
    version,
    ...(directory === null ? {} : { marks: { [DIRECTORY_MARK]: directory } }),
  };
}

/** Remembers a prompt until something answers it. */
export function withWaiting(record: ParsedRecord): ParsedRecord {
  if (record.role !== 'prompt' && record.signal === null && record.type !== 'gemini') return record;
  return { ...record, marks: { ...record.marks, [WAITING_MARK]: record.role === 'prompt' ? record.key : null } };
}

/** The client's own insertion is no prompt and no answer; only what tells of a compaction is shown. */
export function withoutPrompt(record: ParsedRecord): ParsedRecord {
  const isShown = record.parts.some((part) => part.kind === 'notice' && part.notice === 'compacted');
  return isShown ? record : { ...record, role: 'session', prompt: null, parts: [], signal: null };
}

export function metadataRecord(fields: JsonObject, bytes: Buffer, before: Chat, type: string): ParsedRecord {
  // A subagent's file names itself; the session is that of the folder.
  const own = before.context.subagentId === null ? wordField(fields, 'sessionId') : null;
  const chat = { ...before, sessionId: own ?? before.sessionId };
  const kind = wordField(fields, 'kind');
  const directory = directoryOf(fields);
  const summary = wordField(fields, 'summary');
  const marks: MarkChanges = {
    ...(own === null ? {} : { [SESSION_MARK]: own }),
    ...(kind === null ? {} : { [KIND_MARK]: kind }),
    ...(directory === null ? {} : { [DIRECTORY_MARK]: directory }),
  };
  const { sessionId } = chat;
  return {
    ...lineRecord(fields, bytes, chat, type),
    at: timeOf(fields, 'lastUpdated') ?? timeOf(fields, 'startTime'),
    cwd: directory ?? chat.directory,
    title: summary === null || sessionId === null ? null : { text: summary, rank: TITLE_RANK, sessionId },
    ...(Object.keys(marks).length === 0 ? {} : { marks }),
  };
}

/** A line without an id of its own: it says something about the session. */
export function lineRecord(fields: JsonObject, bytes: Buffer, chat: Chat, type: string): ParsedRecord {
  return {
    key: `#${hashOf(`${chat.sessionId ?? ''}\n${type}\n`, bytes)}`,
    type,
    isKnownType: true,
    sessionId: chat.sessionId,
    parentKey: null,
    at: timeOf(fields, 'timestamp'),
    cwd: chat.directory,
    lane: laneOf(chat),
    role: 'session',
    prompt: null,
    parts: [],
    signal: null,
    title: null,
    history: null,
  };
}

/** Ids that are made of what they stand for (the words that set up a session) are the same in every session. */
export function keyOf(id: string, { context }: Chat): string {
  return UUID.test(id) ? id : `${chatNameOf(context.relativePath)}:${id.length > LONGEST_NAME ? hashOf(id) : id}`;
}

function hashOf(...contents: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const content of contents) hash.update(content);
  return hash.digest('hex').slice(0, 32);
}

function laneOf({ context, sessionId, isSubagent }: Chat): string {
  return isSubagent ? `agent:${context.subagentId ?? sessionId ?? 'unknown'}` : 'main';
}

export function directoryOf(fields: JsonObject): string | null {
  const directories = fields['directories'];
  const first: unknown = Array.isArray(directories) ? directories[0] : null;
  return typeof first === 'string' && first !== '' ? first : null;
}

export function timeOf(fields: JsonObject, name: string): EpochMs | null {
  const text = stringField(fields, name);
  const at = text === null ? NaN : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
