import type { ToolBody } from '../../../../../shared/record.ts';
import { isJsonObject, stringField, wordField, type JsonObject } from '../claude-code/json-object.ts';
import { readRolloutLine } from './rollout-line.ts';

/** What a line holds of tools: what the model asked for, or what came back. */
export function readToolBodies(fields: JsonObject): readonly ToolBody[] {
  const { type, subtype, payload } = readRolloutLine(fields);
  if (type !== 'response_item' || subtype === null) return [];
  const useId = wordField(payload, 'call_id') ?? wordField(payload, 'id');
  if (subtype.endsWith('_call')) return [{ kind: 'input', useId, text: inputText(payload) }];
  return subtype.endsWith('_output') ? [{ kind: 'output', useId, text: outputText(payload) }] : [];
}

/** Arguments are JSON in a text; a patch or a script is a text of its own. */
function inputText(call: JsonObject): string {
  const input = stringField(call, 'input');
  if (input !== null) return input;
  const written = stringField(call, 'arguments');
  const given = written === null ? (call['arguments'] ?? call['action'] ?? null) : parsed(written);
  if (!isJsonObject(given)) return written ?? '';
  const command = stringField(given, 'cmd') ?? stringField(given, 'command');
  return command !== null && Object.keys(given).length === 1 ? command : JSON.stringify(given, null, 2);
}

function outputText(result: JsonObject): string {
  const output = result['output'] ?? result['tools'] ?? '';
  const content = isJsonObject(output) ? (output['content'] ?? output) : output;
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return JSON.stringify(content, null, 2);
  return content
    .filter((block) => isJsonObject(block))
    .map((block) => stringField(block, 'text') ?? `[${stringField(block, 'type') ?? 'unknown'}]`)
    .join('\n');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The model wrote it, and may have written anything.
    return null;
  }
}
