import type { ExchangePart } from '../../../../../shared/exchange.ts';
import type { ParsedRecord, RecordSignal } from '../../../../../shared/record.ts';
import {
  flagField,
  hasField,
  objectField,
  objectsField,
  stringField,
  wordField,
  type JsonObject,
} from '../claude-code/json-object.ts';
import { summarizeTool } from '../claude-code/tool-summary.ts';

export type EventReading = Pick<ParsedRecord, 'role' | 'prompt' | 'parts' | 'signal'>;

export interface RawEvent {
  readonly type: string;
  readonly data: JsonObject;
  readonly key: string;
  /** Length of the line in bytes. */
  readonly sizeBytes: number;
}

type Notice = Extract<ExchangePart, { kind: 'notice' }>['notice'];

const SESSION: EventReading = { role: 'session', prompt: null, parts: [], signal: null };
/** Senders of messages that a person typed; skills, hooks and timers send in the user's name, too. */
const PERSONS: ReadonlySet<string> = new Set(['user', 'command', 'queued', 'immediate']);

/** What an event means for the conversation. */
export function readEvent(event: RawEvent): EventReading {
  const { type, data } = event;
  switch (type) {
    case 'user.message':
      return readUserMessage(event);
    case 'assistant.message':
      return readAssistantMessage(event);
    case 'assistant.reasoning':
      return member(wordsIn('thinking', data, 'content', event, wordField(data, 'reasoningId')), 'working');
    case 'tool.execution_start':
      return readToolStart(event);
    case 'tool.execution_complete':
      return readToolEnd(event);
    case 'abort':
      return notice(event, 'interrupted', `Aborted: ${wordField(data, 'reason') ?? 'by the user'}`, 'interrupted');
    case 'session.error':
    case 'model.call_failure':
      return notice(
        event,
        'service-error',
        stringField(data, 'message') ?? wordField(data, 'errorType') ?? '',
        'failed',
      );
    case 'session.compaction_complete':
      return notice(event, 'compacted', stringField(data, 'summaryContent') ?? '');
    case 'session.task_complete':
    case 'subagent.completed':
      return member([], 'completed');
    case 'subagent.failed':
      return notice(event, 'service-error', stringField(data, 'error') ?? '', 'failed');
    default:
      return SESSION;
  }
}

function readUserMessage(event: RawEvent): EventReading {
  const text = stringField(event.data, 'content') ?? '';
  const source = wordField(event.data, 'source');
  if (source !== null && !PERSONS.has(source)) return notice(event, 'context', text);
  const hasFiles = (objectsField(event.data, 'attachments') ?? []).length > 0;
  return text.trim() === '' && !hasFiles ? SESSION : { role: 'prompt', prompt: text, parts: [], signal: null };
}

function readAssistantMessage(event: RawEvent): EventReading {
  const { data } = event;
  const messageId = wordField(data, 'messageId');
  const tools = (objectsField(data, 'toolRequests') ?? []).map((request) => toolPart(event, request, 'name'));
  const parts = [
    ...wordsIn('thinking', data, 'reasoningText', event, messageId),
    ...wordsIn('text', data, 'content', event, messageId),
    ...tools,
  ];
  return member(parts, tools.length > 0 ? 'working' : parts.some((part) => part.kind === 'text') ? 'completed' : null);
}

/** A task for a subagent is the prompt of the subagent's own exchange, which is named after the call. */
function readToolStart(event: RawEvent): EventReading {
  const task = taskOf(event.type, event.data);
  if (task !== null) return { role: 'prompt', prompt: task.prompt, parts: [], signal: null };
  return member([toolPart(event, event.data, 'toolName')], 'working');
}

/** The call that starts a subagent, with what it is told; null for any other event. */
export function taskOf(type: string, data: JsonObject): { readonly callId: string; readonly prompt: string } | null {
  if (type !== 'tool.execution_start' || wordField(data, 'toolName') !== 'task') return null;
  const callId = wordField(data, 'toolCallId');
  const prompt = wordField(objectField(data, 'arguments') ?? {}, 'prompt');
  return callId === null || prompt === null ? null : { callId, prompt };
}

function readToolEnd(event: RawEvent): EventReading {
  const { data } = event;
  const isError = hasField(data, 'error') || (hasField(data, 'success') && !flagField(data, 'success'));
  const useId = wordField(data, 'toolCallId');
  return member([{ kind: 'tool-result', useId, isError, sizeBytes: event.sizeBytes, record: event.key }], 'working');
}

function toolPart(event: RawEvent, call: JsonObject, nameField: string): ExchangePart {
  const useId = wordField(call, 'toolCallId');
  return {
    kind: 'tool',
    name: wordField(call, nameField) ?? 'tool',
    summary: summarizeTool(objectField(call, 'arguments')),
    useId,
    // Requested and started under one id: the second shows nothing new.
    messageId: useId,
    record: event.key,
  };
}

function wordsIn(
  kind: 'text' | 'thinking',
  data: JsonObject,
  name: string,
  event: RawEvent,
  messageId: string | null,
): readonly ExchangePart[] {
  const text = stringField(data, name) ?? '';
  return text === '' ? [] : [{ kind, text, messageId, record: event.key }];
}

function member(parts: readonly ExchangePart[], signal: RecordSignal | null): EventReading {
  return { role: 'member', prompt: null, parts, signal };
}

function notice(event: RawEvent, kind: Notice, text: string, signal: RecordSignal | null = null): EventReading {
  return member(text.trim() === '' ? [] : [{ kind: 'notice', notice: kind, text, record: event.key }], signal);
}
