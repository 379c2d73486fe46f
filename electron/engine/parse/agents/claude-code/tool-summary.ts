import { objectsField, stringField, type JsonObject } from './json-object.ts';

const LONGEST_SUMMARY = 200;

/** Fields that say what a tool did, the most telling first. */
const TELLING_FIELDS = [
  'command',
  'file_path',
  'notebook_path',
  'pattern',
  'query',
  'url',
  'path',
  'skill',
  'subject',
  'description',
  'prompt',
  'taskId',
  'task_id',
  'message',
] as const;

/** One line of at most 200 characters: the command, the file, the pattern …; empty if the input names none. */
export function summarizeTool(input: JsonObject | null): string {
  if (input === null) return '';
  for (const name of TELLING_FIELDS) {
    const value = stringField(input, name);
    if (value !== null && value.trim() !== '') return oneLine(value);
  }
  const todos = objectsField(input, 'todos') ?? [];
  return oneLine(todos.map((todo) => stringField(todo, 'content') ?? '').join('; '));
}

function oneLine(text: string): string {
  // Four times the limit is enough even when most of it is blank, and a pasted megabyte is not copied for one line.
  const line = text
    .slice(0, LONGEST_SUMMARY * 4)
    .replace(/\s+/gu, ' ')
    .trim();
  if (line.length <= LONGEST_SUMMARY) return line;
  const cut = line.slice(0, LONGEST_SUMMARY - 1);
  return `${/[\uD800-\uDBFF]$/u.test(cut) ? cut.slice(0, -1) : cut}…`;
}
