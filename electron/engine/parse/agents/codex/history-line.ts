import type { HistoryPrompt } from '../../../../../shared/record.ts';
import { numberField, stringField, wordField, type JsonObject } from '../claude-code/json-object.ts';

/**
 * Reads a line of `history.jsonl`: `{session_id, ts, text}`, `ts` in epoch seconds.
 * @returns null for what is no prompt to the agent: commands of the client and of the shell stand in no rollout as a prompt
 */
export function readHistoryLine(fields: JsonObject): HistoryPrompt | null {
  const text = stringField(fields, 'text');
  if (text === null || text.trim() === '' || /^\s*[!/]/u.test(text)) return null;
  const seconds = numberField(fields, 'ts');
  return {
    text,
    at: seconds === null ? null : seconds * 1000,
    project: null,
    sessionId: wordField(fields, 'session_id'),
  };
}

/** Title of a session in a line of `session_index.jsonl`: `{id, thread_name, updated_at}`. */
export function readTitleLine(fields: JsonObject): { readonly sessionId: string; readonly text: string } | null {
  const sessionId = wordField(fields, 'id');
  const text = stringField(fields, 'thread_name')?.trim() ?? '';
  return sessionId === null || text === '' ? null : { sessionId, text };
}
