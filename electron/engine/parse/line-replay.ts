import { withMarks, type Marks } from '../../../shared/marks.ts';
import type { LineOutcome, LinePlace, ParsedRecord, TranscriptContext } from '../../../shared/record.ts';
import type { AgentAdapter } from './agent-adapter.ts';

export interface ReplayedLine {
  readonly parsed: LineOutcome;
  /** What is remembered after the line. */
  readonly marks: Marks;
}

/** Reads a line as it was read when it was saved, what was found in a malformed one included. */
export function replayLine(
  adapter: Pick<AgentAdapter, 'parseLine' | 'salvageLine'>,
  line: Buffer,
  context: TranscriptContext,
  place: LinePlace,
): ReplayedLine {
  const parsed = adapter.parseLine(line, context, place);
  const marks = recordsOf(adapter, parsed, line, context, place).reduce(
    (before: Marks, record) => withMarks(before, record.marks),
    place.marks,
  );
  return { parsed, marks };
}

function recordsOf(
  adapter: Pick<AgentAdapter, 'salvageLine'>,
  parsed: LineOutcome,
  line: Buffer,
  context: TranscriptContext,
  place: LinePlace,
): readonly ParsedRecord[] {
  switch (parsed.outcome) {
    case 'record':
      return [parsed.record];
    case 'records':
      return parsed.records.map(({ record }) => record);
    case 'malformed': {
      const salvaged = adapter.salvageLine(line, context, place);
      return salvaged === null ? [] : [salvaged];
    }
    case 'blank':
      return [];
  }
}
