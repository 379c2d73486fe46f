/** Finds whole records in damaged lines: what a killed writer left, glued lines, runs of NUL. */
import { withMarks } from '../../../../shared/marks.ts';
import type { LineOutcome, LinePlace, LocatedRecord, ParsedRecord } from '../../../../shared/record.ts';

const TRIES = 16;

type Parse = (piece: Buffer, place: LinePlace) => LineOutcome;

/**
 * Reads a line on which a newline is missing: records one behind the other and nothing else.
 * @param starts how records begin
 * @returns null when something else stands on the line, too
 */
export function gluedRecords(
  line: Buffer,
  starts: readonly string[],
  place: LinePlace,
  parse: Parse,
): readonly LocatedRecord[] | null {
  const places = recordStarts(line, starts);
  const found: LocatedRecord[] = [];
  let { marks } = place;
  let at = 0;
  while (at < line.length) {
    const next = firstRecord(line, at, places, (piece) => parse(piece, { start: place.start + at, marks }));
    if (next === null) return null;
    found.push(next);
    marks = withMarks(marks, next.record.marks);
    at = next.offset + next.length;
  }
  return found.length > 1 ? found : null;
}

/** The first whole record of a known type that stands somewhere on the line. */
export function salvagedRecord(
  line: Buffer,
  starts: readonly string[],
  place: LinePlace,
  parse: Parse,
): ParsedRecord | null {
  const clean = line.includes(0) ? Buffer.from(line.filter((byte) => byte !== 0)) : line;
  const places = recordStarts(clean, starts);
  for (const at of places) {
    const start = place.start + at;
    const found = firstRecord(clean, at, places, (piece) => parse(piece, { ...place, start }));
    if (found !== null) return found.record;
  }
  return null;
}

/** The record that begins at the place, and ends where another may begin or with the line. */
function firstRecord(
  line: Buffer,
  at: number,
  places: readonly number[],
  parse: (piece: Buffer) => LineOutcome,
): LocatedRecord | null {
  for (const end of [...places.filter((place) => place > at), line.length]) {
    const outcome = parse(line.subarray(at, end));
    // A block inside an unfinished record is an object, too, but of no type that a line has.
    if (outcome.outcome === 'record' && outcome.record.isKnownType) {
      return { record: outcome.record, offset: at, length: end - at };
    }
  }
  return null;
}

function recordStarts(line: Buffer, starts: readonly string[]): readonly number[] {
  const places = new Set<number>([0]);
  for (const start of starts) {
    for (let at = line.indexOf(start, 1); at >= 0 && places.size < TRIES; at = line.indexOf(start, at + 1))
      places.add(at);
  }
  return [...places].sort((a, b) => a - b);
}
