/** What the place of a file says. All null for a file that belongs to no session. */
export interface ChatPlace {
  readonly sessionId: string | null;
  readonly subagentId: string | null;
}

const NOWHERE: ChatPlace = { sessionId: null, subagentId: null };
const CHAT_FILE = /^(?<stem>.+?)\.jsonl?(?:\.unreadable-\d+)?$/u;
/** The name of a session's file ends in the first eight characters of its id, which stand for it while nothing better is known. */
const SHORT_ID = /^session-.*-(?<short>[\w]{1,8})$/u;

/** Reads `tmp/<project>/chats/session-<minute>-<short id>.jsonl` (or `.json`) and `…/chats/<parent session>/<subagent>.jsonl`. */
export function placeOf(relativePath: string): ChatPlace {
  const [top, project, folder, ...below] = relativePath.split('/');
  if (top !== 'tmp' || project === undefined || folder !== 'chats') return NOWHERE;
  const stem = CHAT_FILE.exec(below.at(-1) ?? '')?.groups?.['stem'];
  if (stem === undefined) return NOWHERE;
  const [parent] = below;
  if (below.length > 1 && parent !== undefined) return { sessionId: parent, subagentId: stem };
  return { sessionId: SHORT_ID.exec(stem)?.groups?.['short'] ?? stem, subagentId: null };
}

/** The same for the old and the new file of one conversation. */
export function chatNameOf(relativePath: string): string {
  const name = relativePath.slice(relativePath.lastIndexOf('/') + 1);
  return CHAT_FILE.exec(name)?.groups?.['stem'] ?? name;
}
