import type { ToolBody } from '../../../../../shared/record.ts';
import { objectField, stringField, type JsonObject } from '../claude-code/json-object.ts';
import type { ReadRow } from './read-row.ts';

/** What a part holds of a tool: what it was given, and what it gave; the parts of other kinds hold nothing of one. */
export function readToolBodies(row: ReadRow): readonly ToolBody[] {
  const data = row.data ?? {};
  if (row.table !== 'part' || stringField(data, 'type') !== 'tool') return [];
  const state = objectField(data, 'state') ?? {};
  const useId = row.id;
  const input: ToolBody = { kind: 'input', useId, text: inputText(objectField(state, 'input')) };
  const output = stringField(state, 'output') ?? stringField(state, 'error');
  return output === null ? [input] : [input, { kind: 'output', useId, text: output }];
}

/** A command is read as it is; a description beside it says nothing more. */
function inputText(input: JsonObject | null): string {
  const command = input === null ? null : stringField(input, 'command');
  const isPlain = Object.keys(input ?? {}).every((name) => name === 'command' || name === 'description');
  return command !== null && isPlain ? command : JSON.stringify(input ?? {}, null, 2);
}
