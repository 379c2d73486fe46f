/** A part of a message: what the model said or thought, a tool with its result, a step, and what only opencode needs. */
import type { ExchangePart } from '../../../../../shared/exchange.ts';
import type { ParsedRecord, RecordSignal, TranscriptContext } from '../../../../../shared/record.ts';
import {
  flagField,
  numberField,
  objectField,
  stringField,
  wordField,
  type JsonObject,
} from '../claude-code/json-object.ts';
import { summarizeTool } from '../claude-code/tool-summary.ts';
import type { ReadRow } from './read-row.ts';

const KNOWN_TYPES: ReadonlySet<string> = new Set([
  'text',
  'reasoning',
  'tool',
  'step-start',
  'step-finish',
  'file',
  'snapshot',
  'patch',
  'agent',
  'retry',
  'compaction',
  'subtask',
]);
/** The step ended for the model to be given the results of its tools. */
const STEP_ENDS: ReadonlyMap<string, RecordSignal> = new Map([
  ['stop', 'completed'],
  ['length', 'completed'],
  ['content-filter', 'completed'],
  ['tool-calls', 'working'],
  ['error', 'failed'],
]);

export function readPart(row: ReadRow, context: TranscriptContext): ParsedRecord {
  const data = row.data ?? {};
  const type = wordField(data, 'type') ?? 'untyped';
  const base: ParsedRecord = {
    ...row.silentRecord(context),
    type: `part/${type}`,
    isKnownType: KNOWN_TYPES.has(type),
    at: timeOf(data) ?? row.createdAt,
  };
  // Those of a copy stand with their original; what the copy has of its own is the time at which it was made.
  if (row.copyOf !== null) return { ...base, at: row.createdAt };
  // A prompt's parts stand with its message.
  if (stringField(row.message, 'role') !== 'assistant') return base;
  const parentKey = wordField(row.message, 'id');
  const isSummary = flagField(row.message, 'isSummary');
  return {
    ...base,
    role: 'member',
    parentKey,
    parts: partsOf(type, data, row, isSummary),
    // A message that has ended says itself how, and may have been read before its parts.
    signal: isSummary || flagField(row.message, 'isEnded') ? null : signalOf(type, data),
  };
}

function partsOf(type: string, data: JsonObject, row: ReadRow, isSummary: boolean): readonly ExchangePart[] {
  const text = stringField(data, 'text') ?? '';
  const place = { messageId: row.id, record: row.id };
  switch (type) {
    case 'text':
      if (text === '' || flagField(data, 'ignored')) return [];
      if (flagField(data, 'synthetic')) return [{ kind: 'notice', notice: 'context', text, record: row.id }];
      return isSummary
        ? [{ kind: 'notice', notice: 'compacted', text, record: row.id }]
        : [{ kind: 'text', text, ...place }];
    case 'reasoning':
      return text === '' ? [] : [{ kind: 'thinking', text, ...place }];
    case 'tool':
      return toolParts(data, row);
    case 'retry':
      return [{ kind: 'notice', notice: 'service-error', text: errorText(objectField(data, 'error')), record: row.id }];
    default:
      return [];
  }
}

/** A model's own ids of calls begin anew in each conversation with some services: that of the part is the only one. */
function toolParts(data: JsonObject, row: ReadRow): readonly ExchangePart[] {
  const state = objectField(data, 'state') ?? {};
  const name = wordField(data, 'tool') ?? 'tool';
  const input = objectField(state, 'input');
  const summary =
    summarizeTool(input) || (wordField(input ?? {}, 'filePath') ?? wordField(state, 'title') ?? '').slice(0, 200);
  const useId = row.id;
  const use: ExchangePart = { kind: 'tool', name, summary, useId, messageId: row.id, record: row.id };
  const status = wordField(state, 'status');
  if (status !== 'completed' && status !== 'error') return [use];
  const isError = status === 'error';
  return [use, { kind: 'tool-result', useId, isError, sizeBytes: row.sizeBytes, record: row.id }];
}

function signalOf(type: string, data: JsonObject): RecordSignal | null {
  if (type === 'step-start') return 'working';
  return type === 'step-finish' ? (STEP_ENDS.get(stringField(data, 'reason') ?? '') ?? null) : null;
}

function errorText(error: JsonObject | null): string {
  const said = stringField(objectField(error ?? {}, 'data') ?? {}, 'message');
  return [wordField(error ?? {}, 'name'), said].filter((word) => word !== null && word !== '').join(': ');
}

/** Parts say when they began and ended, each kind in its own place. */
function timeOf(data: JsonObject): number | null {
  const time = objectField(data, 'time') ?? objectField(objectField(data, 'state') ?? {}, 'time') ?? {};
  return numberField(time, 'end') ?? numberField(time, 'start') ?? numberField(time, 'created');
}
