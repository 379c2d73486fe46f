import { createHash } from 'node:crypto';
import type { ParsedRecord, TranscriptContext } from '../../../../../shared/record.ts';
import { wordField } from '../claude-code/json-object.ts';
import type { ReadRow } from './read-row.ts';

/** What a session is called until its first answer: a time, which the list shows anyway. */
const PLACEHOLDER = /^(New|Child) session - \d{4}-\d\d-\d\dT/u;
/** A title of the agent's own, which a person may have changed: opencode does not say which. */
const TITLE_RANK = 2;

export function readSession(row: ReadRow, context: TranscriptContext): ParsedRecord {
  const session = row.data ?? row.row;
  const text = wordField(session, 'title')?.trim() ?? '';
  // The conversation that started a subagent keeps its own title.
  const isTitle = text !== '' && !PLACEHOLDER.test(text) && context.subagentId === null;
  return {
    ...row.silentRecord(context),
    // No fork copies it, so it tells how old its session is: that is what a key of this form means to the store.
    key: `#${createHash('sha256').update(`session\n${row.id}`).digest('hex').slice(0, 32)}`,
    cwd: wordField(session, 'directory'),
    title: isTitle && context.sessionId !== null ? { text, rank: TITLE_RANK, sessionId: context.sessionId } : null,
  };
}
