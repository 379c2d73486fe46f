import type { ExchangePart } from '../../../../../shared/exchange.ts';
import type { ParsedRecord } from '../../../../../shared/record.ts';
import {
  flagField,
  objectField,
  objectsField,
  stringField,
  wordField,
  type JsonObject,
} from '../claude-code/json-object.ts';
import { summarizeTool } from '../claude-code/tool-summary.ts';
import { readUserText, type UserText } from './user-text.ts';

export type MessageReading = Pick<ParsedRecord, 'role' | 'prompt' | 'parts' | 'signal'>;

export interface ReadMessage extends MessageReading {
  /** What the text of a user says beside the prompt. */
  readonly said: UserText | null;
}

export interface RawMessage {
  readonly fields: JsonObject;
  readonly key: string;
  /** Length of the line in bytes. */
  readonly sizeBytes: number;
}

const SILENT: ReadMessage = { role: 'session', prompt: null, parts: [], signal: null, said: null };
/** Stands where the model's thoughts are not shown. */
const REDACTED = /(?:^|\n+)\[REDACTED\]\s*$/u;

export function readMessage(message: RawMessage): ReadMessage {
  const { fields } = message;
  if (stringField(fields, 'type') === 'turn_ended') return readEnd(message);
  switch (stringField(fields, 'role')) {
    case 'user':
      return readUser(message);
    case 'assistant':
      return readAssistant(message);
    default:
      return SILENT;
  }
}

/** Content of a message: blocks, or one text. */
function blocksOf(fields: JsonObject): readonly JsonObject[] {
  const message = objectField(fields, 'message') ?? fields;
  const text = stringField(message, 'content');
  return text === null ? (objectsField(message, 'content') ?? []) : [{ type: 'text', text }];
}

function readUser(message: RawMessage): ReadMessage {
  const blocks = blocksOf(message.fields);
  const results = blocks
    .filter((block) => stringField(block, 'type') === 'tool_result')
    .map((block) => resultPart(block, message));
  if (results.length > 0) return { ...SILENT, role: 'member', parts: results, signal: 'working' };
  const texts = blocks
    .filter((block) => stringField(block, 'type') === 'text')
    .map((block) => stringField(block, 'text') ?? '');
  const text = texts.join('\n');
  const said = readUserText(text);
  if (said.prompt !== null) return { ...SILENT, role: 'prompt', prompt: said.prompt, said };
  if (text.trim() === '' || said.cwd !== null) return { ...SILENT, said };
  const parts: readonly ExchangePart[] = [{ kind: 'notice', notice: 'context', text, record: message.key }];
  return { ...SILENT, role: 'member', parts, said };
}

function readAssistant(message: RawMessage): ReadMessage {
  const parts = blocksOf(message.fields).flatMap((block) => readBlock(block, message));
  const isWorking = parts.some((part) => part.kind === 'tool');
  const isAnswer = parts.some((part) => part.kind === 'text');
  return { ...SILENT, role: 'member', parts, signal: isWorking ? 'working' : isAnswer ? 'completed' : null };
}

function readBlock(block: JsonObject, { key }: RawMessage): readonly ExchangePart[] {
  const at = { messageId: null, record: key };
  switch (stringField(block, 'type')) {
    case 'text':
      return words('text', (stringField(block, 'text') ?? '').replace(REDACTED, ''), at);
    case 'thinking':
    case 'reasoning':
      return words('thinking', stringField(block, 'thinking') ?? stringField(block, 'text') ?? '', at);
    case 'tool_use':
    case 'tool-call': {
      const name = wordField(block, 'name') ?? wordField(block, 'toolName') ?? 'tool';
      const input = objectField(block, 'input') ?? objectField(block, 'args');
      const useId = wordField(block, 'id') ?? wordField(block, 'toolCallId');
      return [{ kind: 'tool', name, summary: summarizeTool(input), useId, ...at }];
    }
    default:
      return [];
  }
}

function words(
  kind: 'text' | 'thinking',
  text: string,
  at: { readonly messageId: null; readonly record: string },
): readonly ExchangePart[] {
  return text === '' ? [] : [{ kind, text, ...at }];
}

function resultPart(block: JsonObject, { key, sizeBytes }: RawMessage): ExchangePart {
  const useId = wordField(block, 'tool_use_id');
  return { kind: 'tool-result', useId, isError: flagField(block, 'is_error'), sizeBytes, record: key };
}

/** `{"type":"turn_ended","status":"success" | "aborted" | "error","error"?}` */
function readEnd({ fields, key }: RawMessage): ReadMessage {
  const status = wordField(fields, 'status') ?? 'success';
  const text = wordField(fields, 'error') ?? status;
  const ending = { ...SILENT, role: 'member' } as const;
  if (/abort|cancel|interrupt/iu.test(status)) {
    return { ...ending, parts: [{ kind: 'notice', notice: 'interrupted', text, record: key }], signal: 'interrupted' };
  }
  if (/error|fail/iu.test(status)) {
    return { ...ending, parts: [{ kind: 'notice', notice: 'service-error', text, record: key }], signal: 'failed' };
  }
  return { ...ending, signal: 'completed' };
}
