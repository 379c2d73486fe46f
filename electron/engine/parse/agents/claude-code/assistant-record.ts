import type { ExchangePart } from '../../../../../shared/exchange.ts';
import type { RecordSignal } from '../../../../../shared/record.ts';
import { flagField, objectField, objectsField, stringField, wordField, type JsonObject } from './json-object.ts';
import { member, noticeMember, SILENT_MEMBER, type RawRecord, type RecordReading } from './record-reading.ts';
import { summarizeTool } from './tool-summary.ts';

/** Model name of records that the client wrote itself. */
const SYNTHETIC_MODEL = '<synthetic>';
/** Placeholders of the client for an answer that there never was. */
const PLACEHOLDERS: ReadonlySet<string> = new Set(['No response requested.', '(no content)']);
const TOOL_USES: ReadonlySet<string> = new Set(['tool_use', 'server_tool_use', 'mcp_tool_use']);
/** Stop reasons after which the same turn goes on. */
const UNFINISHED: ReadonlySet<string> = new Set(['tool_use', 'pause_turn']);

export function readAssistantRecord(record: RawRecord): RecordReading {
  const message = objectField(record.fields, 'message');
  if (message === null) return SILENT_MEMBER;
  const text = plainText(message);
  if (flagField(record.fields, 'isCompactSummary')) return noticeMember(record, 'compacted', text);
  const isSynthetic = stringField(message, 'model') === SYNTHETIC_MODEL;
  if (flagField(record.fields, 'isApiErrorMessage') || (isSynthetic && text.startsWith('API Error'))) {
    return noticeMember(record, 'service-error', text, 'failed');
  }
  if (isSynthetic && PLACEHOLDERS.has(text.trim())) return SILENT_MEMBER;
  const parts = blocksOf(message).flatMap((block) => readBlock(record, wordField(message, 'id'), block));
  // What a person saw of an answer before stopping it is written as a synthetic message (2.1.197) and stays an answer.
  return member(parts, isSynthetic ? null : signalOf(record.fields, message, parts));
}

function signalOf(fields: JsonObject, message: JsonObject, parts: readonly ExchangePart[]): RecordSignal {
  if (flagField(fields, 'isAbortedMidStream')) return 'interrupted';
  if (parts.some((part) => part.kind === 'tool')) return 'working';
  const reason = wordField(message, 'stop_reason');
  if (reason === 'refusal') return 'failed';
  // Versions 1.0 and 2.0 write the first block before the reason is known, and a short answer is that block alone. So a
  // text counts as the end until something follows it.
  if (reason === null || reason === 'max_tokens')
    return parts.some((part) => part.kind === 'text') ? 'completed' : 'working';
  return UNFINISHED.has(reason) ? 'working' : 'completed';
}

function readBlock(record: RawRecord, messageId: string | null, block: JsonObject): readonly ExchangePart[] {
  const type = stringField(block, 'type') ?? '';
  const at = { messageId, record: record.key };
  if (type === 'text') return textPart('text', stringField(block, 'text'), at);
  if (type === 'thinking') return textPart('thinking', stringField(block, 'thinking'), at);
  if (TOOL_USES.has(type)) {
    const summary = summarizeTool(objectField(block, 'input'));
    return [{ kind: 'tool', name: wordField(block, 'name') ?? type, summary, useId: wordField(block, 'id'), ...at }];
  }
  if (!type.endsWith('tool_result')) return [];
  const useId = wordField(block, 'tool_use_id');
  return [
    {
      kind: 'tool-result',
      useId,
      isError: flagField(block, 'is_error'),
      sizeBytes: record.sizeBytes,
      record: at.record,
    },
  ];
}

function textPart(
  kind: 'text' | 'thinking',
  text: string | null,
  at: { readonly messageId: string | null; readonly record: string },
): readonly ExchangePart[] {
  return text === null || text === '' ? [] : [{ kind, text, ...at }];
}

/** Blocks of a message; a bare string, which no version was seen to write, is read as one text. */
function blocksOf(message: JsonObject): readonly JsonObject[] {
  const text = stringField(message, 'content');
  return text === null ? (objectsField(message, 'content') ?? []) : [{ type: 'text', text }];
}

function plainText(message: JsonObject): string {
  return blocksOf(message)
    .filter((block) => stringField(block, 'type') === 'text')
    .map((block) => stringField(block, 'text') ?? '')
    .join('\n');
}
