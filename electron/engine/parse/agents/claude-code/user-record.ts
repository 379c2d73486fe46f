import type { ExchangePart } from '../../../../../shared/exchange.ts';
import { flagField, hasField, objectField, objectsField, stringField, type JsonObject } from './json-object.ts';
import { member, noticeMember, SILENT_MEMBER, type RawRecord, type RecordReading } from './record-reading.ts';
import { readUserText, type UserText } from './user-text.ts';

/** Content of a user message: a string, or blocks. */
export interface UserContent {
  readonly texts: readonly string[];
  readonly toolResults: readonly JsonObject[];
  /** Pictures and documents: kept in the archive, not shown as text. */
  readonly hasMedia: boolean;
}

/** Senders that are no person: their records go on with the exchange at hand. Hyphens are read as underscores. */
const MACHINE_ORIGINS: ReadonlySet<string> = new Set([
  'auto_continuation',
  'coordinator',
  'cron',
  'hook',
  'peer',
  'system',
  'task_notification',
  'teammate',
]);
const PERSON_ORIGINS: ReadonlySet<string> = new Set(['human', 'sdk']);
const PERSON_SOURCES: ReadonlySet<string> = new Set(['typed', 'sdk', 'queued']);

/** Texts that the client says to the model and that tell a reader nothing. */
const SILENT_STARTS = [
  '<local-command-caveat>',
  '<system-reminder>',
  'Caveat: The messages below were generated',
  'Continue from where you left off.',
  'Output token limit hit.',
  '[Your previous response had no visible output.',
  '[Image: ',
] as const;

export function readUserRecord(record: RawRecord): RecordReading {
  const { fields } = record;
  const content = contentOf(objectField(fields, 'message'), 'content');
  if (content.toolResults.length > 0) return readToolResults(record, content);
  if (flagField(fields, 'isCompactSummary')) return noticeMember(record, 'compacted', content.texts.join('\n'));
  if (isInsertion(fields) || isFromMachine(fields)) return readInjected(record, content.texts);
  if (content.texts.length === 0) return content.hasMedia ? promptReading('') : SILENT_MEMBER;
  return readText(record, readUserText(content.texts, isFromPerson(fields)));
}

/** Content of a message, or of a queued command, in `container[name]`. */
export function contentOf(container: JsonObject | null, name: string): UserContent {
  const text = container === null ? null : stringField(container, name);
  if (text !== null) return { texts: [text], toolResults: [], hasMedia: false };
  const blocks = (container === null ? null : objectsField(container, name)) ?? [];
  const texts = blocks
    .filter((block) => stringField(block, 'type') === 'text')
    .map((block) => stringField(block, 'text') ?? '');
  const toolResults = blocks.filter((block) => stringField(block, 'type') === 'tool_result');
  return { texts, toolResults, hasMedia: blocks.length > texts.length + toolResults.length };
}

/** True if the client marked the record as its own, whatever stands in it. */
export function isInsertion(fields: JsonObject): boolean {
  return (
    ['isMeta', 'isSynthetic', 'isVisibleInTranscriptOnly'].some((name) => flagField(fields, name)) ||
    ['toolUseResult', 'sourceToolUseID', 'sourceToolAssistantUUID'].some((name) => hasField(fields, name))
  );
}

/** True if the record says that no person sent it. */
export function isFromMachine(fields: JsonObject): boolean {
  const origins = originsOf(fields);
  if (origins.some((origin) => MACHINE_ORIGINS.has(origin))) return true;
  return stringField(fields, 'promptSource') === 'system' && !origins.some((origin) => PERSON_ORIGINS.has(origin));
}

/** True if the record says that a person, or a program for one, sent exactly this text. */
export function isFromPerson(fields: JsonObject): boolean {
  const source = stringField(fields, 'promptSource');
  return (
    (source !== null && PERSON_SOURCES.has(source)) || originsOf(fields).some((origin) => PERSON_ORIGINS.has(origin))
  );
}

function originsOf(fields: JsonObject): readonly string[] {
  const origin = objectField(fields, 'origin');
  const words = [stringField(fields, 'turnOrigin'), origin === null ? null : stringField(origin, 'kind')];
  return words.filter((word) => word !== null).map((word) => word.replaceAll('-', '_'));
}

function readToolResults(record: RawRecord, content: UserContent): RecordReading {
  const results = content.toolResults.map((block): ExchangePart => ({
    kind: 'tool-result',
    useId: stringField(block, 'tool_use_id'),
    isError: flagField(block, 'is_error'),
    sizeBytes: record.sizeBytes,
    record: record.key,
  }));
  if (content.texts.length === 0) return member(results, 'working');
  const said = readText(record, readUserText(content.texts, false));
  // What a person says along with a result goes to the running turn, not to a new one.
  const words = said.prompt === null ? said.parts : noticeMember(record, 'context', said.prompt).parts;
  return member([...results, ...words], said.signal ?? 'working');
}

function readInjected(record: RawRecord, texts: readonly string[]): RecordReading {
  const text = texts.join('\n');
  if (SILENT_STARTS.some((start) => text.startsWith(start))) return SILENT_MEMBER;
  const read = readUserText(texts, false);
  if (read.kind !== 'prompt') return readText(record, read);
  // Only people type commands: a source that was not seen to stand with one yet does not change that.
  return read.isCommand && !isInsertion(record.fields) ? readText(record, read) : noticeMember(record, 'context', text);
}

/** Turns classified text into what it does to the exchanges. */
export function readText(record: RawRecord, text: UserText): RecordReading {
  switch (text.kind) {
    case 'prompt':
      return promptReading(text.text);
    case 'interruption':
      return noticeMember(record, 'interrupted', text.text, 'interrupted');
    case 'compaction':
      return noticeMember(record, 'compacted', text.text);
    case 'command':
      return noticeMember(record, 'command-output', text.text);
    case 'output':
      // `!command` is over with its output, unless the client asks the model about it, which is then seen.
      return noticeMember(record, 'command-output', text.text, text.isShell ? 'completed' : null);
    case 'injected':
      return noticeMember(record, 'context', text.text);
    case 'nothing':
      return SILENT_MEMBER;
  }
}

function promptReading(prompt: string): RecordReading {
  return { role: 'prompt', prompt, parts: [], signal: null };
}
