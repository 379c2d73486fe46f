import type { ExchangePart } from '../../../../../shared/exchange.ts';
import type { ParsedRecord, RecordSignal } from '../../../../../shared/record.ts';
import type { JsonObject } from './json-object.ts';

/** What the content of a record means; the envelope (key, parent, session, time) is read elsewhere. */
export type RecordReading = Pick<ParsedRecord, 'role' | 'prompt' | 'parts' | 'signal'>;

/** A record as the readers of the single types get it. */
export interface RawRecord {
  readonly fields: JsonObject;
  readonly key: string;
  /** Length of the line in bytes. */
  readonly sizeBytes: number;
}

/** A record that belongs to an exchange and shows nothing. */
export const SILENT_MEMBER: RecordReading = { role: 'member', prompt: null, parts: [], signal: null };

export function member(parts: readonly ExchangePart[], signal: RecordSignal | null): RecordReading {
  return { role: 'member', prompt: null, parts, signal };
}

type Notice = Extract<ExchangePart, { kind: 'notice' }>['notice'];

/** A member that shows one notice; an empty text shows nothing. */
export function noticeMember(
  record: RawRecord,
  notice: Notice,
  text: string,
  signal: RecordSignal | null = null,
): RecordReading {
  return member(text.trim() === '' ? [] : [{ kind: 'notice', notice, text, record: record.key }], signal);
}
