import type { ToolBody } from '../../../../../shared/record.ts';
import { objectField, objectsField, stringField, wordField, type JsonObject } from '../claude-code/json-object.ts';

/** What an event holds of tools: what the model asked for, or what came back. */
export function readToolBodies(fields: JsonObject): readonly ToolBody[] {
  const data = objectField(fields, 'data') ?? {};
  switch (stringField(fields, 'type')) {
    case 'assistant.message':
      return (objectsField(data, 'toolRequests') ?? []).map(inputOf);
    case 'tool.execution_start':
      return [inputOf(data)];
    case 'tool.execution_complete':
      return [{ kind: 'output', useId: wordField(data, 'toolCallId'), text: outputText(data) }];
    default:
      return [];
  }
}

function inputOf(call: JsonObject): ToolBody {
  const given = objectField(call, 'arguments');
  const command = given === null ? stringField(call, 'arguments') : stringField(given, 'command');
  const isPlain = Object.keys(given ?? {}).every((name) => name === 'command' || name === 'description');
  const text = command !== null && isPlain ? command : JSON.stringify(given ?? {}, null, 2);
  return { kind: 'input', useId: wordField(call, 'toolCallId'), text };
}

function outputText(data: JsonObject): string {
  const result = objectField(data, 'result');
  if (result === null)
    return stringField(data, 'result') ?? stringField(objectField(data, 'error') ?? {}, 'message') ?? '';
  return stringField(result, 'detailedContent') ?? stringField(result, 'content') ?? JSON.stringify(result, null, 2);
}
