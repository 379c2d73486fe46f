/** Lines of a transcript as Claude Code writes them, with only what a test wants to say. */
const START = Date.UTC(2026, 10, 20, 9, 0, 0);

export interface LineOptions {
  readonly sessionId?: string;
  readonly parent?: string | null;
  /** Seconds after the first record. */
  readonly second?: number;
  readonly cwd?: string;
}

function base(uuid: string, options: LineOptions): Readonly<Record<string, unknown>> {
  return {
    parentUuid: options.parent ?? null,
    isSidechain: false,
    uuid,
    sessionId: options.sessionId ?? SESSION,
    timestamp: new Date(START + (options.second ?? 0) * 1000).toISOString(),
    cwd: options.cwd ?? '/home/ana/work',
  };
}

export const SESSION = '6e5f63b8-6126-490e-ab5f-43d163015768';
export const TRANSCRIPT = `projects/-home-ana-work/${SESSION}.jsonl`;

export function promptLine(uuid: string, text: string, options: LineOptions = {}): string {
  return JSON.stringify({ type: 'user', ...base(uuid, options), message: { role: 'user', content: text } });
}

export function answerLine(uuid: string, parent: string, text: string, options: LineOptions = {}): string {
  const content = [{ type: 'text', text }];
  const message = { id: `msg_${uuid}`, role: 'assistant', content, stop_reason: 'end_turn' };
  return JSON.stringify({ type: 'assistant', ...base(uuid, { ...options, parent }), message });
}

export function toolLine(uuid: string, parent: string, useId: string, options: LineOptions = {}): string {
  const content = [{ type: 'tool_use', id: useId, name: 'Bash', input: { command: `echo ${useId}` } }];
  const message = { id: `msg_${uuid}`, role: 'assistant', content, stop_reason: 'tool_use' };
  return JSON.stringify({ type: 'assistant', ...base(uuid, { ...options, parent }), message });
}

/** A record that has no id of its own. */
export function queueLine(text: string, options: LineOptions = {}): string {
  const { sessionId, timestamp } = base('', options);
  return JSON.stringify({ type: 'queue-operation', operation: 'enqueue', timestamp, sessionId, content: text });
}
