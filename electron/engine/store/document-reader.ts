/**
 * Reads a document: a file that its agent writes anew when something changes, so that every generation of it holds
 * everything again. In: its bytes. Out: its records, saved by their keys, so that what is known is recognised and what is
 * newer replaces; and the ranges that are no record.
 */
import type { LocatedRecord, MalformedRange } from '../../../shared/record.ts';
import type { ByteRange } from './dead-letter-table.ts';
import type { LineResult } from './line-reader.ts';
import type { OpenFile, RecordSaver } from './record-saver.ts';

export interface DocumentResult extends LineResult {
  /** Reasons of the ranges that could not be read, by the place where each begins. */
  readonly malformed: ReadonlyMap<number, { readonly range: ByteRange; readonly reason: string }>;
}

/** @param bytes null: too long to be read */
export function readDocument(
  bytes: Buffer | null,
  whole: ByteRange,
  place: Omit<OpenFile, 'setAside'>,
  records: RecordSaver,
): DocumentResult {
  const malformed = new Map<number, { readonly range: ByteRange; readonly reason: string }>();
  const setAside = (range: ByteRange, reason: string): void => {
    malformed.set(range.start, { range, reason });
  };
  const parsed = bytes === null ? TOO_LONG : place.parser.parseDocument(bytes, place.context);
  if (parsed.outcome === 'malformed') {
    setAside(whole, parsed.reason);
    return { lanes: {}, records: 0, newRecords: 0, malformed };
  }
  // Always from the beginning, so no exchange is open yet.
  const result = records.saveRecords(wholeRecords(parsed.records, setAside), 0, { ...place, setAside }, {});
  return { ...result, malformed };
}

const TOO_LONG = { outcome: 'malformed', reason: 'too-long' } as const;

function* wholeRecords(
  items: Iterable<LocatedRecord | MalformedRange>,
  setAside: OpenFile['setAside'],
): Generator<LocatedRecord> {
  for (const item of items) {
    if ('record' in item) yield item;
    else setAside({ start: item.offset, end: item.offset + item.length }, item.malformed);
  }
}
