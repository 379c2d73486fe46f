import type { LineOutcome, LocatedRecord } from '../../../../shared/record.ts';
import { valueRanges } from './json-ranges.ts';

/**
 * Reads a line on which a newline is missing: whole records one behind the other and nothing else.
 * @param parse reads one of them
 * @returns null when something else stands on the line, too
 */
export function readGluedRecords(line: Buffer, parse: (piece: Buffer) => LineOutcome): LineOutcome | null {
  const ranges = valueRanges(line);
  if (ranges.length < 2) return null;
  const records: LocatedRecord[] = [];
  for (const { offset, length } of ranges) {
    const outcome = parse(line.subarray(offset, offset + length));
    if (outcome.outcome !== 'record' || !outcome.record.isKnownType) return null;
    records.push({ record: outcome.record, offset, length });
  }
  return { outcome: 'records', records };
}
