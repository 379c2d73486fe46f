/**
 * What must be remembered from line to line of a rollout: whose it is, which turn runs, which prompts and answers of the
 * turn were seen. A rollout names its turn and its directory once, says every prompt and answer two or three times in
 * different forms, and gives most of them no id.
 */
import { createHash } from 'node:crypto';
import { SESSION_MARK, type MarkChanges, type Marks } from '../../../../../shared/marks.ts';

const OWN = '~own';
const PARENT = '~parent';
const ORIGIN = '~origin';
const DIALECT = '~dialect';
const CWD = '~cwd';
const TURN = '~turn';
const FIRST = '~first';
const EXCHANGE = '~exchange';
const RECENT = '~recent';
const TAKEN_BACK = '~back';
const PROMPTS = '~prompt.';
const ANSWERS = '~answer.';

/** A person takes back the last few turns, not hundreds. */
const MOST_RECENT = 50;

/**
 * Which lines hold prompts and answers. `responses`: the first versions had nothing but the model's items, in which the
 * client's own words stand as a user's.
 */
export type Dialect = 'events' | 'responses';

/** A form in which the same words are written; each form counts its own. */
export type Form = 'item' | 'event' | 'response' | 'letter';

export class TurnState {
  readonly #before: Marks;
  readonly #changes = new Map<string, string | null>();

  constructor(marks: Marks) {
    this.#before = marks;
  }

  /** What is different after the line; undefined when nothing is. */
  get changes(): MarkChanges | undefined {
    return this.#changes.size === 0 ? undefined : Object.fromEntries(this.#changes);
  }

  get hasOwnMeta(): boolean {
    return this.#get(OWN) !== null;
  }

  /** Thread that started this one as its subagent; null for a conversation of its own. */
  get parent(): string | null {
    return this.#get(PARENT);
  }

  /** Thread whose lines are copied here right now; null when the lines are this thread's own. */
  get origin(): string | null {
    return this.#get(ORIGIN);
  }

  get dialect(): Dialect {
    return this.#get(DIALECT) === 'responses' ? 'responses' : 'events';
  }

  get cwd(): string | null {
    return this.#get(CWD);
  }

  get turn(): string | null {
    return this.#get(TURN);
  }

  /** Key of the exchange that runs. */
  get exchange(): string | null {
    return this.#get(EXCHANGE);
  }

  /** @param parent set for a subagent: the thread that started it, or an empty text if it is not named */
  startsOwn(parent: string | null): void {
    this.#set(OWN, '1');
    this.#set(PARENT, parent);
    if (parent !== null && parent !== '') this.#set(SESSION_MARK, parent);
  }

  copiesFrom(thread: string | null): void {
    this.#set(ORIGIN, thread);
  }

  speaks(dialect: Dialect): void {
    this.#set(DIALECT, dialect);
  }

  worksIn(directory: string): void {
    this.#set(CWD, directory);
  }

  /** A turn begins, or is named again. What was counted belonged to another one. */
  enterTurn(turn: string): void {
    if (turn === this.turn) return;
    this.#set(TURN, turn);
    this.#set(EXCHANGE, null);
    this.#forgetCounts(PROMPTS);
    this.#forgetCounts(ANSWERS);
  }

  /** A turn is over: what follows without naming one belongs to none. */
  leaveTurn(): void {
    this.#set(TURN, null);
  }

  /**
   * Key of a prompt, the same in every form and in every copy of it. The first prompt of a turn has the turn's own id, so that
   * all that names the turn is found to belong to it.
   * @param order time of the line, or its place where it has none
   */
  promptKey(turn: string | null, text: string, form: Form, order: number, thread: string): string {
    const name = hashOf(text.replace(/\s+/gu, ' ').trim()).slice(0, 12);
    const id = `${name}.${this.#count(`${PROMPTS}${form}.${name}`, order)}`;
    if (turn === null) return `#${hashOf(`${this.origin ?? thread}\nprompt\n${id}`)}`;
    const first = this.#get(FIRST);
    if (first === null || first === `${turn}|${id}` || !first.startsWith(`${turn}|`)) {
      this.#set(FIRST, `${turn}|${id}`);
      return turn;
    }
    return `#${hashOf(`${turn}\nprompt\n${id}`)}`;
  }

  opens(exchange: string): void {
    if (exchange === this.exchange) return;
    const recent = this.#recent;
    const at = recent.indexOf(exchange);
    const kept = at < 0 ? [...recent, exchange].slice(-MOST_RECENT) : recent.slice(0, at + 1);
    this.#set(RECENT, kept.join(' '));
    this.#set(EXCHANGE, exchange);
    this.#forgetCounts(ANSWERS);
  }

  /**
   * Takes the last prompts back.
   * @param order time of the line, or its place: the same one again takes nothing more back
   * @returns key of the first of them; null if they are not known any more
   */
  takeBack(turns: number, order: number): string | null {
    const [before, key = null] = this.#get(TAKEN_BACK)?.split(' ') ?? [];
    if (before === String(order)) return key;
    const recent = this.#recent;
    const first = turns > 0 ? recent[recent.length - turns] : undefined;
    if (first === undefined) return null;
    this.#set(RECENT, recent.slice(0, -turns).join(' '));
    this.#set(TAKEN_BACK, `${order} ${first}`);
    return first;
  }

  get #recent(): readonly string[] {
    return (this.#get(RECENT) ?? '').split(' ').filter((key) => key !== '');
  }

  /** Key of an answer or a thought, the same in every form and in every copy of it. */
  answerKey(scope: string, kind: string, text: string, form: Form, order: number): string {
    const name = hashOf(`${kind}\n${text}`);
    const count = this.#count(`${ANSWERS}${form}.${name.slice(0, 12)}`, order);
    return `#${hashOf(`${scope}\n${name}\n${count}`)}`;
  }

  /**
   * How many times the words were said up to now, this time included. Said again means: later; at the same time, or before,
   * it is a line that comes once more.
   */
  #count(name: string, order: number): number {
    const [count = 0, last = Number.NEGATIVE_INFINITY] = this.#get(name)?.split(' ').map(Number) ?? [];
    if (count > 0 && order <= last) return count;
    this.#set(name, `${count + 1} ${order}`);
    return count + 1;
  }

  #forgetCounts(prefix: string): void {
    for (const name of [...Object.keys(this.#before), ...this.#changes.keys()]) {
      if (name.startsWith(prefix)) this.#set(name, null);
    }
  }

  #get(name: string): string | null {
    const changed = this.#changes.get(name);
    return changed === undefined ? (this.#before[name] ?? null) : changed;
  }

  #set(name: string, value: string | null): void {
    if (this.#get(name) !== value) this.#changes.set(name, value);
  }
}

/** 32 hex digits. */
export function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32);
}
