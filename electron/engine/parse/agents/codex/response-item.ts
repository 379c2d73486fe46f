import {
  flagField,
  hasField,
  isJsonObject,
  numberField,
  objectField,
  stringField,
  wordField,
  type JsonObject,
} from '../claude-code/json-object.ts';
import { summarizeTool } from '../claude-code/tool-summary.ts';
import { NOTHING, promptReading, textsOf, wordsReading, type Reading } from './item-reading.ts';
import type { Dialect } from './turn-state.ts';
import { isWrapper, requestOf } from './user-text.ts';

const TEXT_TYPES = ['input_text', 'output_text', 'text'] as const;
const EXIT_CODE = /(?:^|\n)(?:Process exited with code|Exit code:) (-?\d+)(?:\n|$)/u;

/**
 * Reads an item of the model's own history. Prompts and answers stand there too, mixed with the client's words; they are
 * taken from here only where nothing else holds them.
 */
export function readResponseItem(item: JsonObject, subtype: string | null, dialect: Dialect): Reading {
  switch (subtype) {
    case 'message':
      return dialect === 'responses' ? readMessage(item) : NOTHING;
    case 'reasoning':
      return dialect === 'responses' ? readReasoning(item) : NOTHING;
    case 'function_call':
    case 'custom_tool_call':
    case 'tool_search_call':
    case 'local_shell_call':
    case 'web_search_call':
    case 'image_generation_call':
      return readCall(item, subtype);
    case 'function_call_output':
    case 'custom_tool_call_output':
    case 'local_shell_call_output':
    case 'tool_search_output':
      return { kind: 'tool-result', useId: wordField(item, 'call_id'), isError: isFailure(item) };
    default:
      return NOTHING;
  }
}

function readMessage(item: JsonObject): Reading {
  const texts = textsOf(item, 'content', TEXT_TYPES);
  const plain = stringField(item, 'content');
  const said = plain === null ? texts : [plain];
  switch (stringField(item, 'role')) {
    case 'user':
      return promptReading(requestOf(said.filter((text) => !isWrapper(text)).join('')), 'response');
    case 'assistant':
      return wordsReading('text', said, { form: 'response' });
    default:
      return NOTHING;
  }
}

function readReasoning(item: JsonObject): Reading {
  return wordsReading('thinking', textsOf(item, 'summary', ['summary_text', 'text']), { form: 'response' });
}

function readCall(item: JsonObject, subtype: string): Reading {
  const name = wordField(item, 'name') ?? subtype.replace(/_call$/u, '');
  const space = wordField(item, 'namespace');
  return {
    kind: 'tool',
    name: space === null || name.startsWith(space) ? name : `${space}.${name}`,
    summary: summaryOf(item),
    useId: wordField(item, 'call_id') ?? wordField(item, 'id'),
  };
}

function summaryOf(item: JsonObject): string {
  const input = stringField(item, 'input');
  if (input !== null) return summarizeTool({ command: patchedFiles(input) ?? input });
  const action = objectField(item, 'action');
  const given = objectField(item, 'arguments') ?? parsed(stringField(item, 'arguments')) ?? action ?? {};
  const command = commandIn(given);
  if (command !== null) return summarizeTool({ command });
  return summarizeTool(given) || summarizeTool({ query: stringField(item, 'revised_prompt') ?? '' });
}

/** Commands are a text, or a list of words that begins with a shell. */
function commandIn(given: JsonObject): string | null {
  const command = Object.hasOwn(given, 'command') ? given['command'] : null;
  if (Array.isArray(command)) {
    const words = command.filter((word) => typeof word === 'string');
    return words[1] === '-lc' && words.length === 3 ? (words[2] ?? null) : words.join(' ');
  }
  const patch = stringField(given, 'patch');
  return stringField(given, 'cmd') ?? (patch === null ? null : patchedFiles(patch));
}

function patchedFiles(text: string): string | null {
  const files = [...text.slice(0, 20_000).matchAll(/^\*\*\* (?:Add|Update|Delete) File: (.+)$/gmu)];
  return files.length === 0 ? null : files.map((match) => match[1] ?? '').join(', ');
}

function parsed(text: string | null): JsonObject | null {
  if (text === null || !text.trimStart().startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    // The model wrote the arguments, and may have written anything.
    return null;
  }
}

/** Whether the output of a tool says that it failed; what says nothing did not. */
function isFailure(item: JsonObject): boolean {
  const output = objectField(item, 'output');
  if (output !== null && hasField(output, 'success')) return !flagField(output, 'success');
  const text = stringField(item, 'output') ?? (output === null ? '' : (stringField(output, 'content') ?? ''));
  const exit = EXIT_CODE.exec(text.slice(0, 1000))?.[1];
  if (exit !== undefined) return exit !== '0';
  const metadata = objectField(parsed(text) ?? {}, 'metadata');
  return (metadata === null ? 0 : (numberField(metadata, 'exit_code') ?? 0)) !== 0;
}
