import type { ToolBody } from '../../../../../shared/record.ts';
import {
  isJsonObject,
  objectField,
  objectsField,
  stringField,
  wordField,
  type JsonObject,
} from '../claude-code/json-object.ts';
import { contentOf } from './message-content.ts';

/** What a message holds of tools: its calls with their results, and calls that stand in its content alone. */
export function readToolBodies(fields: JsonObject): readonly ToolBody[] {
  const calls = objectsField(fields, 'toolCalls') ?? [];
  const known = new Set(calls.map((call) => wordField(call, 'id')));
  const others = contentOf(fields['content']).calls.filter((call) => !known.has(wordField(call, 'id')));
  return [...calls, ...others].flatMap((call): ToolBody[] => {
    const useId = wordField(call, 'id');
    const input: ToolBody = { kind: 'input', useId, text: inputText(objectField(call, 'args')) };
    const result = call['result'] ?? null;
    return result === null ? [input] : [input, { kind: 'output', useId, text: outputText(result) }];
  });
}

function inputText(args: JsonObject | null): string {
  const command = args === null ? null : stringField(args, 'command');
  return command !== null &&
    args !== null &&
    Object.keys(args).every((name) => name === 'command' || name === 'description')
    ? command
    : JSON.stringify(args ?? {}, null, 2);
}

function outputText(result: unknown): string {
  const parts = Array.isArray(result) ? result : [result];
  return parts
    .map((part: unknown) => {
      if (typeof part === 'string') return part;
      const response = isJsonObject(part) ? objectField(objectField(part, 'functionResponse') ?? {}, 'response') : null;
      const output = response === null ? null : (stringField(response, 'output') ?? stringField(response, 'error'));
      return output ?? JSON.stringify(part, null, 2);
    })
    .join('\n');
}
