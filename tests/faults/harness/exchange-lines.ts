/** One exchange as the client writes it, line by line, with words that occur nowhere else. */
import type { SeededRandom } from '../../../bench/transcripts/random.ts';

export interface LineShape {
  readonly sessionId: string;
  /** Of a subagent's file; null for the main conversation. */
  readonly agentId: string | null;
  readonly cwd: string;
}

export interface WrittenExchange {
  /** Of the prompt, and so of the exchange. */
  readonly id: string;
  /** Each with its newline. */
  readonly lines: readonly Buffer[];
  /** To which the next exchange is chained. */
  readonly lastId: string;
}

/** One to four bytes in UTF-8, quotes and escapes: what a cut in the wrong place would damage. */
const WORDS = [
  'naïve',
  '→',
  '日本語',
  '🚀',
  '"quoted"',
  'back\\slash',
  'ŽŠČ',
  'tab\there',
  '𝔘',
  'plain',
  'words',
  '\u2028',
];
const MODEL = 'claude-opus-4-5-20251101';

export function composeExchange(random: SeededRandom, shape: LineShape, parent: string | null): WrittenExchange {
  const composer = new Composer(random, shape, parent);
  const id = composer.prompt();
  const rounds = random.int(3);
  for (let round = 0; round < rounds; round += 1) composer.toolRound();
  composer.answer();
  return { id, lines: composer.lines, lastId: composer.lastId };
}

/** The token of an exchange stands once in its prompt, and nowhere else. */
export function tokenOf(exchangeId: string): string {
  return `tok${exchangeId.replaceAll('-', '')}`;
}

class Composer {
  readonly lines: Buffer[] = [];
  readonly #random: SeededRandom;
  readonly #shape: LineShape;
  #parent: string | null;

  constructor(random: SeededRandom, shape: LineShape, parent: string | null) {
    this.#random = random;
    this.#shape = shape;
    this.#parent = parent;
  }

  get lastId(): string {
    return this.#parent ?? '';
  }

  /** @returns its id */
  prompt(): string {
    const id = this.#random.uuid();
    const text = `${this.#phrase(3 + this.#random.int(20))} ${tokenOf(id)}`;
    const content = this.#random.next() < 0.6 ? text : [{ type: 'text', text }];
    this.#line('user', id, { role: 'user', content });
    return id;
  }

  /** Words perhaps, a call, its result. */
  toolRound(): void {
    const use = `toolu_${this.#random.hex(20)}`;
    if (this.#random.next() < 0.5) this.#assistant([{ type: 'text', text: this.#phrase(8) }], null);
    this.#assistant([{ type: 'tool_use', id: use, name: 'Bash', input: { command: this.#phrase(4) } }], 'tool_use');
    const output = this.#phrase(this.#random.next() < 0.05 ? 4000 : 30);
    const content = [{ type: 'tool_result', tool_use_id: use, content: output }];
    this.#line('user', this.#random.uuid(), { role: 'user', content });
  }

  answer(): void {
    this.#assistant([{ type: 'text', text: this.#phrase(5 + this.#random.int(60)) }], 'end_turn');
  }

  #assistant(content: readonly object[], reason: string | null): void {
    const id = `msg_${this.#random.hex(20)}`;
    const message = { id, type: 'message', role: 'assistant', model: MODEL, content, stop_reason: reason };
    this.#line('assistant', this.#random.uuid(), message);
  }

  #line(type: string, uuid: string, message: object): void {
    const { sessionId, agentId, cwd } = this.#shape;
    const head = { parentUuid: this.#parent, isSidechain: agentId !== null, ...(agentId === null ? {} : { agentId }) };
    const place = { userType: 'external', cwd, sessionId, version: '2.1.197', gitBranch: 'main' };
    const line = { ...head, ...place, type, message, uuid, timestamp: new Date().toISOString() };
    this.lines.push(Buffer.from(`${JSON.stringify(line)}\n`));
    this.#parent = uuid;
  }

  #phrase(words: number): string {
    return Array.from({ length: words }, () => this.#random.pick(WORDS)).join(' ');
  }
}

/** No JSON, no UTF-8, or half of something; with its newline. Nothing in it can be read as a record. */
export function composeBadLine(random: SeededRandom): Buffer {
  const bodies: readonly Buffer[] = [
    Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28, ...Array.from({ length: 20 }, () => 0x80 + random.int(0x80))]),
    Buffer.from(`{"kind":"half","text":"${random.hex(30)}`),
    Buffer.concat([Buffer.from(`{"text":"${random.hex(8)}`), Buffer.alloc(7), Buffer.from('"}')]),
    Buffer.from(`"a string ${random.hex(12)}"`),
    Buffer.from(`${random.hex(12)} not json at all {]`),
  ];
  return Buffer.concat([random.pick(bodies), Buffer.from('\n')]);
}
