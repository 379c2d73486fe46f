/** Lines of a chat as Gemini CLI writes them, with only what a test wants to say. */
export const CHAT_ID = '2ab72121-979b-4538-a374-ba55766fddb6';
export const CHAT = 'tmp/lisbon/chats/session-2026-11-22T06-43-2ab72121.jsonl';
export const OLD_CHAT = CHAT.slice(0, -1);
export const DIRECTORY = '/home/ana/work/lisbon';

const START = Date.UTC(2026, 10, 22, 6, 43, 10);

export type Message = Readonly<Record<string, unknown>> & { readonly id: string };

/** @param ms after the start of the session */
export function timeAt(ms: number): string {
  return new Date(START + ms).toISOString();
}

/** A UUID by its number. */
export function messageId(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

export function header(more: object = {}): object {
  return {
    sessionId: CHAT_ID,
    projectHash: 'f254141a',
    startTime: timeAt(0),
    lastUpdated: timeAt(0),
    kind: 'main',
    ...more,
  };
}

export function context(): Message {
  const text = `<session_context>\nThis is the Gemini CLI. We are setting up the context for our chat.\n- **Workspace Directories:**\n  - ${DIRECTORY}\n</session_context>`;
  return { id: 'd04923d38bb0f6017037e74183378ef4', timestamp: timeAt(0), type: 'user', content: [{ text }] };
}

export function prompt(number: number, text: string, more: object = {}): Message {
  return {
    id: messageId(number),
    timestamp: timeAt(number * 1000),
    type: 'user',
    content: [{ text }],
    ...more,
  };
}

export function answer(number: number, content: unknown, more: object = {}): Message {
  return {
    id: messageId(number),
    timestamp: timeAt(number * 1000),
    type: 'gemini',
    content,
    thoughts: [],
    tokens: { input: 1200, output: 12, cached: 0, thoughts: 0, tool: 0, total: 1212 },
    model: 'gemini-2.5-flash',
    ...more,
  };
}

export function call(id: string, status: string, more: object = {}): object {
  return { id, name: 'run_shell_command', args: { command: `echo ${id}` }, status, timestamp: timeAt(0), ...more };
}

export function notice(number: number, type: 'info' | 'warning' | 'error', content: string): Message {
  return { id: messageId(number), timestamp: timeAt(number * 1000), type, content };
}

export function touched(number: number): object {
  return { $set: { lastUpdated: timeAt(number * 1000) } };
}

/** A list that replaces all messages. @param ms when it is made, after the start of the session */
export function list(ms: number, messages: readonly unknown[]): object {
  return { $set: { messages, lastUpdated: timeAt(ms) } };
}

export function rewind(number: number): object {
  return { $rewindTo: messageId(number) };
}

/** A whole-file JSON of the versions before lines. */
export function oldChat(messages: readonly unknown[], more: object = {}): string {
  return JSON.stringify({ ...header(more), kind: undefined, messages }, null, 2);
}
