import type { ToolBody } from '../../../../../shared/record.ts';
import { isJsonObject, objectField, objectsField, stringField, wordField, type JsonObject } from './json-object.ts';

/** What a record holds of tools: what the model asked for, or what came back. */
export function readToolBodies(fields: JsonObject): readonly ToolBody[] {
  const message = objectField(fields, 'message');
  const blocks = message === null ? [] : (objectsField(message, 'content') ?? []);
  return blocks.flatMap((block): ToolBody[] => {
    const type = stringField(block, 'type') ?? '';
    if (type.endsWith('tool_use')) {
      return [{ kind: 'input', useId: wordField(block, 'id'), text: inputText(objectField(block, 'input')) }];
    }
    if (!type.endsWith('tool_result')) return [];
    return [{ kind: 'output', useId: wordField(block, 'tool_use_id'), text: outputText(block['content']) }];
  });
}

/** A command as it was typed; anything else with the names of its fields. */
function inputText(input: JsonObject | null): string {
  if (input === null) return '';
  const command = stringField(input, 'command');
  return command !== null && Object.keys(input).every((name) => name === 'command' || name === 'description')
    ? command
    : JSON.stringify(input, null, 2);
}

function outputText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return content === undefined || content === null ? '' : JSON.stringify(content, null, 2);
  return content
    .filter((block) => isJsonObject(block))
    .map((block) => {
      const type = stringField(block, 'type') ?? 'unknown';
      if (type === 'text') return stringField(block, 'text') ?? '';
      return type === 'image' || type === 'document' ? `[${type}]` : JSON.stringify(block, null, 2);
    })
    .join('\n');
}
