/** Lines of rollouts as versions of Codex write them, with only what a test wants to say. */

export const START = Date.UTC(2026, 10, 22, 9, 0, 0);

/** Id of UUID version 7 that was made at a time. @param tail tells ids of one moment apart */
export function idAt(at: number, tail: string): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail.padStart(12, '0')}`;
}

export const THREAD = idAt(START, 'a1');

export function rolloutFile(thread: string, folder = 'sessions/2026/11/22'): string {
  return `${folder}/rollout-2026-11-22T09-00-00-${thread}.jsonl`;
}

type Line = Readonly<Record<string, unknown>>;

/** Writes lines one second apart. */
export class RolloutWriter {
  readonly lines: Line[] = [];
  readonly thread: string;
  #at: number;

  constructor(thread = THREAD, at = START) {
    this.thread = thread;
    this.#at = at;
  }

  get now(): number {
    return this.#at;
  }

  /** Everything after this is written at one moment, as copies are. */
  still = false;

  line(type: string, payload: Line): this {
    if (!this.still) this.#at += 1000;
    this.lines.push({ timestamp: new Date(this.#at).toISOString(), type, payload });
    return this;
  }

  meta(more: Line = {}): this {
    const timestamp = new Date(this.#at).toISOString();
    return this.line('session_meta', {
      id: this.thread,
      timestamp,
      cwd: '/home/ana/work',
      cli_version: '0.169.0',
      ...more,
    });
  }

  event(type: string, more: Line = {}): this {
    return this.line('event_msg', { type, ...more });
  }

  response(type: string, more: Line = {}): this {
    return this.line('response_item', { type, ...more });
  }

  message(role: string, text: string): this {
    const type = role === 'assistant' ? 'output_text' : 'input_text';
    return this.response('message', { role, content: [{ type, text }] });
  }

  item(turn: string, type: string, item: Line): this {
    return this.event('item_completed', { thread_id: this.thread, turn_id: turn, item: { type, ...item } });
  }

  /** A turn as paginated histories hold it. */
  turn(turn: string, prompt: string, answers: readonly string[]): this {
    this.event('task_started', { turn_id: turn });
    this.line('turn_context', { turn_id: turn, cwd: '/home/ana/work' });
    this.message('user', prompt);
    this.item(turn, 'UserMessage', { id: `${turn}-u`, content: [{ type: 'text', text: prompt }] });
    for (const [index, text] of answers.entries()) {
      this.item(turn, 'AgentMessage', { id: `msg_${turn}_${index}`, content: [{ type: 'Text', text }] });
      this.message('assistant', text);
    }
    return this.event('task_complete', { turn_id: turn, last_agent_message: answers.at(-1) ?? null });
  }

  /** A turn as legacy histories hold it. @param turn null: of a version that had no ids of turns */
  legacyTurn(turn: string | null, prompt: string, answers: readonly string[]): this {
    if (turn !== null) this.event('task_started', { turn_id: turn });
    this.message('user', prompt).event('user_message', { message: prompt, kind: 'plain' });
    this.line('turn_context', turn === null ? { cwd: '/home/ana/work' } : { turn_id: turn, cwd: '/home/ana/work' });
    for (const text of answers) this.event('agent_message', { message: text }).message('assistant', text);
    this.event('token_count', { info: null });
    return turn === null ? this : this.event('task_complete', { turn_id: turn, last_agent_message: answers.at(-1) });
  }

  /** The same lines once more in another rollout, all stamped with the moment of the copy. */
  copyOf(lines: readonly Line[]): this {
    this.still = true;
    for (const { type, payload } of lines) this.line(String(type), payload as Line);
    this.still = false;
    return this;
  }
}
