/** A message: the prompt of a person, which stands in its parts, or the frame around the parts of an answer. */
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
import type { ReadRow } from './read-row.ts';

/** Finishing for these reasons, the model is asked again. */
const UNFINISHED: ReadonlySet<string> = new Set(['tool-calls', 'unknown']);

/** @returns the message, and a second record with its end when it has come to one */
export function readMessage(row: ReadRow, context: TranscriptContext): readonly ParsedRecord[] {
  const data = row.data ?? {};
  const role = wordField(data, 'role');
  const base: ParsedRecord = {
    ...row.silentRecord(context),
    type: `message/${role ?? 'untyped'}`,
    isKnownType: role === 'user' || role === 'assistant',
    at: createdAt(data) ?? row.createdAt,
  };
  if (role === 'user') return [readUser(row, base)];
  if (row.copyOf !== null) return [{ ...base, at: row.createdAt }];
  if (role !== 'assistant') return [base];
  const member: ParsedRecord = {
    ...base,
    role: 'member',
    parentKey: wordField(data, 'parentID'),
    cwd: cwdOf(data) ?? base.cwd,
  };
  const end = endOf(data, row.message, `${row.id}/end`);
  if (end === null) return [member];
  const at = completedAt(data) ?? row.updatedAt;
  return [member, { ...member, ...end, type: 'message/end', parentKey: row.id, at }];
}

function readUser(row: ReadRow, base: ParsedRecord): ParsedRecord {
  const parts = row.promptParts ?? [];
  const own = parts.filter((part) => !flagField(part, 'synthetic') && !flagField(part, 'ignored'));
  const told = own.filter((part) => ['text', 'file', 'subtask'].includes(stringField(part, 'type') ?? ''));
  const isCompaction = parts.some((part) => stringField(part, 'type') === 'compaction');
  // What opencode says by itself in the name of the person (go on after a compaction, a command's output) is no prompt.
  if (told.length === 0 || isCompaction) return base;
  const texts = told.flatMap((part) => (stringField(part, 'type') === 'file' ? [] : [textOf(part)]));
  const text = texts.join('\n');
  const prompt = flagField(row.session, 'isRun') ? unquoted(text) : text;
  const updated = parts.map((part) => numberField(part, 'updated') ?? 0);
  const record: ParsedRecord = { ...base, role: 'prompt', prompt, version: Math.max(row.updatedAt, ...updated) };
  if (row.copyOf === null) return record;
  const { version: _version, ...copy } = record;
  return { ...copy, key: row.copyOf };
}

function textOf(part: JsonObject): string {
  return stringField(part, 'text') ?? stringField(part, 'prompt') ?? '';
}

/** `opencode run` puts an argument with blanks in quotes and escapes those inside; the person typed none of that. */
function unquoted(text: string): string {
  const inner = /^"(?<inner>(?:[^"]|(?<=\\)")*)"$/su.exec(text)?.groups?.['inner'];
  return inner?.includes(' ') === true ? inner.replaceAll('\\"', '"') : text;
}

/** How a message ended; null while it has not, or when the model is asked again. */
function endOf(
  data: JsonObject,
  message: JsonObject,
  key: string,
): { readonly key: string; readonly signal: RecordSignal; readonly parts: readonly ExchangePart[] } | null {
  const error = objectField(data, 'error');
  if (error !== null) {
    const name = wordField(error, 'name') ?? 'Error';
    const said = stringField(objectField(error, 'data') ?? {}, 'message') ?? '';
    const isAbort = name === 'MessageAbortedError';
    const text = [name, said].filter((word) => word !== '').join(': ');
    const notice = isAbort ? 'interrupted' : 'service-error';
    return { key, signal: isAbort ? 'interrupted' : 'failed', parts: [{ kind: 'notice', notice, text, record: key }] };
  }
  // The summary of a compaction ends nothing: the turn goes on after it.
  if (completedAt(data) === null || flagField(message, 'isSummary')) return null;
  const finish = wordField(data, 'finish');
  return finish !== null && UNFINISHED.has(finish) ? null : { key, signal: 'completed', parts: [] };
}

function createdAt(data: JsonObject): number | null {
  return numberField(objectField(data, 'time') ?? {}, 'created');
}

function completedAt(data: JsonObject): number | null {
  return numberField(objectField(data, 'time') ?? {}, 'completed');
}

function cwdOf(data: JsonObject): string | null {
  return wordField(objectField(data, 'path') ?? {}, 'cwd');
}
