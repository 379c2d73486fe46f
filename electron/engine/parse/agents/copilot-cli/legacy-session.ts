import type { ExchangePart } from '../../../../../shared/exchange.ts';
import type { LocatedRecord, ParsedRecord, TranscriptContext } from '../../../../../shared/record.ts';
import { objectField, objectsField, stringField, wordField, type JsonObject } from '../claude-code/json-object.ts';
import { summarizeTool } from '../claude-code/tool-summary.ts';
import { contentKey } from '../content-key.ts';

/** Put in front of what a person typed. */
const CONTEXT = /^\s*<(current_datetime|reminder|system_reminder)>[\s\S]*?<\/\1>\s*/u;

/**
 * Reads a session of the first versions: `{sessionId, startTime, chatMessages: [{role, content, tool_calls}]}`, written anew
 * with every message. Its messages have neither ids nor times.
 */
export function* legacyRecords(session: JsonObject, context: TranscriptContext): Generator<LocatedRecord> {
  const sessionId = wordField(session, 'sessionId') ?? context.sessionId;
  const startedAt = Date.parse(stringField(session, 'startTime') ?? '');
  for (const [index, message] of (objectsField(session, 'chatMessages') ?? []).entries()) {
    const role = wordField(message, 'role') ?? 'untyped';
    const key = contentKey(sessionId ?? '', index, role, stringField(message, 'content') ?? '');
    const record: ParsedRecord = {
      key,
      type: `chat.${role}`,
      isKnownType: ['user', 'assistant', 'tool', 'system'].includes(role),
      sessionId,
      parentKey: null,
      at: Number.isNaN(startedAt) ? null : startedAt,
      cwd: null,
      lane: 'main',
      role: 'session',
      prompt: null,
      parts: [],
      signal: null,
      title: null,
      history: null,
      ...sayOf(message, role, key),
    };
    yield { record, offset: index, length: 1 };
  }
}

function sayOf(message: JsonObject, role: string, key: string): Partial<ParsedRecord> {
  const text = stringField(message, 'content') ?? '';
  if (role === 'user') {
    const typed = text.replace(CONTEXT, '');
    return typed.trim() === '' ? {} : { role: 'prompt', prompt: typed };
  }
  if (role === 'tool') {
    const useId = wordField(message, 'tool_call_id');
    const sizeBytes = Buffer.byteLength(text);
    return { role: 'member', parts: [{ kind: 'tool-result', useId, isError: false, sizeBytes, record: key }] };
  }
  if (role !== 'assistant') return {};
  const tools = (objectsField(message, 'tool_calls') ?? []).map((call) => toolOf(call, key));
  const said: readonly ExchangePart[] = text === '' ? [] : [{ kind: 'text', text, messageId: null, record: key }];
  return { role: 'member', parts: [...said, ...tools], signal: tools.length > 0 ? 'working' : 'completed' };
}

function toolOf(call: JsonObject, key: string): ExchangePart {
  const told = objectField(call, 'function') ?? {};
  const useId = wordField(call, 'id');
  const summary = summarizeTool({ command: stringField(told, 'arguments') ?? '' });
  return { kind: 'tool', name: wordField(told, 'name') ?? 'tool', summary, useId, messageId: useId, record: key };
}
