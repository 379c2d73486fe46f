/** Small conversations, line by line, as the client writes them; for tests that need to know every byte. */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const FIRST_MS = Date.UTC(2026, 0, 15, 9);
export const PROJECT = '/home/ana/work/small';
const FOLDER = '-home-ana-work-small';

/** The same name gives the same id. */
export function idOf(name: string): string {
  const h = createHash('sha256').update(name).digest('hex');
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20, 32)}`;
}

/** One exchange: a prompt and its answer, two lines with their newlines. */
export interface SmallExchange {
  readonly id: string;
  readonly prompt: string;
  readonly answer: string;
  readonly lines: readonly [prompt: string, answer: string];
}

/** @param name of the exchange: its id, texts and times follow from it and from `index` */
export function smallExchange(session: string, name: string, index = 0): SmallExchange {
  const id = idOf(`${name} prompt`);
  const prompt = `Prompt ${name}`;
  const answer = `Answer ${name}`;
  const at = (seconds: number): string => new Date(FIRST_MS + index * 60_000 + seconds * 1000).toISOString();
  const shared = { isSidechain: false, userType: 'external', cwd: PROJECT, sessionId: session, version: '2.1.197' };
  const asked = { parentUuid: null, ...shared, type: 'user', message: { role: 'user', content: prompt }, uuid: id };
  const message = {
    id: `msg_${idOf(`${name} message`)}`,
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-4-5-20251101',
    content: [{ type: 'text', text: answer }],
    stop_reason: 'end_turn',
  };
  const answered = { parentUuid: id, ...shared, type: 'assistant', message, uuid: idOf(`${name} answer`) };
  const lineOf = (record: object, seconds: number): string =>
    `${JSON.stringify({ ...record, timestamp: at(seconds) })}\n`;
  return { id, prompt, answer, lines: [lineOf(asked, 0), lineOf(answered, 5)] };
}

/** So many exchanges of one session, named `<name> 1` and so on. */
export function smallExchanges(session: string, name: string, count: number): readonly SmallExchange[] {
  return Array.from({ length: count }, (_, index) => smallExchange(session, `${name} ${String(index + 1)}`, index));
}

export function textOf(exchanges: readonly SmallExchange[]): string {
  return exchanges.flatMap((exchange) => exchange.lines).join('');
}

/** Where the session's transcript is below a `projects` folder. */
export function sessionFile(projects: string, session: string, folder = FOLDER): string {
  return path.join(projects, folder, `${session}.jsonl`);
}

/** Appends to a file, whose folder is made when it is missing. */
export function append(file: string, text: string | Buffer): void {
  mkdirSync(path.dirname(file), { recursive: true });
  appendFileSync(file, text);
}
