/** What the messages of a chat mean; which file, session and lane they stand in is known elsewhere. */
import type { ExchangePart } from '../../../../../shared/exchange.ts';
import type { ParsedRecord, RecordSignal } from '../../../../../shared/record.ts';
import { objectField, objectsField, stringField, wordField, type JsonObject } from '../claude-code/json-object.ts';
import { summarizeTool } from '../claude-code/tool-summary.ts';
import { contentOf, type MessageContent } from './message-content.ts';
import { readUserText } from './user-text.ts';

export type MessageReading = Pick<ParsedRecord, 'role' | 'prompt' | 'parts' | 'signal'> & {
  /** Working directory that the message names. */
  readonly directory: string | null;
};

export const MESSAGE_TYPES: ReadonlySet<string> = new Set(['user', 'gemini', 'info', 'warning', 'error']);

/** Calls in these states have come to an end. */
const ENDED: ReadonlySet<string> = new Set(['success', 'error', 'cancelled']);
const COMPRESSED = /^(?:Chat history|Context) compressed from /u;
const CANCELLED: ReadonlySet<string> = new Set(['Request cancelled.', 'User cancelled the request.']);
const API_ERROR = '[API Error';

export function readMessage(fields: JsonObject, key: string): MessageReading {
  const content = contentOf(fields['content']);
  switch (stringField(fields, 'type')) {
    case 'user':
      return readUser(fields, content, key);
    case 'gemini':
      return readAnswer(fields, content, key);
    case 'info':
    case 'warning':
    case 'error':
      return readNotice(content.texts.join(''), key);
    default:
      return member([], null);
  }
}

function readUser(fields: JsonObject, content: MessageContent, key: string): MessageReading {
  // The results of tools stand with their calls, in the answer before.
  if (content.responses.length > 0) return member([], 'working');
  // What was typed, where the client made more of it for the model.
  const typed = contentOf(fields['displayContent']).texts;
  const texts = typed.join('').trim() === '' ? content.texts : typed;
  if (texts.join('').trim() === '') return content.hasMedia ? prompt('') : member([], null);
  const read = readUserText(texts);
  switch (read.kind) {
    case 'prompt':
      return prompt(read.text);
    case 'session-context':
      return { role: 'session', prompt: null, parts: [], signal: null, directory: read.directory };
    case 'compaction':
      return member([{ kind: 'notice', notice: 'compacted', text: read.text, record: key }], null);
    case 'injected':
      return member([{ kind: 'notice', notice: 'context', text: read.text, record: key }], null);
  }
}

function readAnswer(fields: JsonObject, content: MessageContent, key: string): MessageReading {
  const calls = objectsField(fields, 'toolCalls') ?? [];
  const known = new Set(calls.map((call) => wordField(call, 'id')));
  const others = content.calls.filter((call) => !known.has(wordField(call, 'id')));
  const text = content.texts.join('');
  const said: readonly ExchangePart[] = text.trim() === '' ? [] : [{ kind: 'text', text, messageId: key, record: key }];
  const tools = [...calls, ...others].flatMap((call) => readCall(call, key));
  const isWorking = tools.length > 0 || said.length === 0;
  return member([...readThoughts(fields, content, key), ...said, ...tools], isWorking ? 'working' : 'completed');
}

function readThoughts(fields: JsonObject, content: MessageContent, key: string): readonly ExchangePart[] {
  const summaries = (objectsField(fields, 'thoughts') ?? []).map((thought) => {
    const subject = wordField(thought, 'subject');
    const description = stringField(thought, 'description') ?? '';
    return subject === null ? description : `**${subject}**\n\n${description}`;
  });
  const texts = summaries.length > 0 ? summaries : content.thoughts;
  return texts
    .filter((text) => text.trim() !== '')
    .map((text) => ({ kind: 'thinking', text, messageId: key, record: key }));
}

function readCall(call: JsonObject, key: string): readonly ExchangePart[] {
  const useId = wordField(call, 'id');
  const name = wordField(call, 'name') ?? 'tool';
  const summary = summarizeTool(objectField(call, 'args'));
  const used: ExchangePart = { kind: 'tool', name, summary, useId, messageId: key, record: key };
  const status = stringField(call, 'status');
  if (status === null || !ENDED.has(status)) return [used];
  const sizeBytes = sizeOf(call['result'] ?? null);
  return [used, { kind: 'tool-result', useId, isError: status !== 'success', sizeBytes, record: key }];
}

/** 0 for what is nested deeper than JSON can be written: its size is not worth a record. */
function sizeOf(result: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(result));
  } catch (error) {
    if (error instanceof RangeError) return 0;
    throw error;
  }
}

function readNotice(text: string, key: string): MessageReading {
  const notice = (
    kind: 'compacted' | 'interrupted' | 'service-error' | 'command-output',
    signal: RecordSignal | null,
  ) => member(text.trim() === '' ? [] : [{ kind: 'notice', notice: kind, text, record: key }], signal);
  if (COMPRESSED.test(text)) return notice('compacted', null);
  if (CANCELLED.has(text.trim())) return notice('interrupted', 'interrupted');
  // Other errors are of commands that the client carries out by itself.
  return text.includes(API_ERROR) ? notice('service-error', 'failed') : notice('command-output', null);
}

function member(parts: readonly ExchangePart[], signal: RecordSignal | null): MessageReading {
  return { role: 'member', prompt: null, parts, signal, directory: null };
}

function prompt(text: string): MessageReading {
  return { role: 'prompt', prompt: text, parts: [], signal: null, directory: null };
}
