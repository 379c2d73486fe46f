/**
 * The agents of the machine: they write transcripts as real clients do, in pieces, and do to them all that is done to
 * files. Remembers what each record says, so that what comes out can be compared with it.
 */
import type { Dice } from './dice.ts';
import { AGENT_ROOT, type Machine } from './machine.ts';
import { POISON } from './model-store.ts';

/** What was written under one id. */
export interface Written {
  readonly uuid: string;
  /** Id of the prompt of its exchange. */
  readonly exchange: string;
  readonly role: 'prompt' | 'answer';
  /** A word that stands in no other record. */
  readonly word: string;
}

interface Session {
  path: string;
  readonly id: string;
  /** The part of a line that is not written yet. */
  rest: Buffer;
  /** The exchange that can go on. */
  last: { readonly exchange: string; readonly uuid: string } | null;
  /** The file ends in the middle of a line that will not be finished. */
  isBroken: boolean;
}

const FOLDER = `${AGENT_ROOT}/projects/-home-ana-work`;
const NEWLINE = 0x0a;

export class Agents {
  readonly written = new Map<string, Written>();
  /** What files held before something else took the place of it. */
  readonly past: Buffer[] = [];
  readonly #sessions = new Map<number, Session>();
  readonly #machine: Machine;
  #lastId = 0;
  #names = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Paths of everything that is there. */
  get paths(): readonly string[] {
    return [...this.#machine.disk.filesBelow(FOLDER, 'seen').keys()].map((below) => `${FOLDER}/${below}`);
  }

  has(slot: number): boolean {
    return this.#sessions.has(slot);
  }

  /** A prompt in a session, which is made when there is none. */
  ask(slot: number, paddingBytes = 0): void {
    this.#finish(slot);
    this.#append(slot, this.#promptLine(this.#session(slot), paddingBytes));
  }

  answer(slot: number): void {
    this.#finish(slot);
    this.#append(slot, this.#answerLine(this.#session(slot)));
  }

  /** So many bytes of the line that is under way, or of a new one. */
  write(slot: number, bytes: number): void {
    const session = this.#session(slot);
    if (session.rest.length === 0) session.rest = this.#answerLine(session);
    const piece = session.rest.subarray(0, bytes);
    session.rest = session.rest.subarray(piece.length);
    this.#append(slot, piece);
  }

  finishLine(slot: number): void {
    this.#finish(slot);
  }

  /** A line that is no record, as crashes and damaged disks leave them. */
  bad(slot: number, kind: number): void {
    this.#finish(slot);
    const lines = ['{"type":"user","mess', '\u0000\u0000\u0000', '[1,2]', '"only a text"', ''];
    const invalid = Buffer.from([0x7b, 0xff, 0xfe, 0xc3]);
    const line = Buffer.concat([kind >= lines.length ? invalid : Buffer.from(lines[kind] ?? ''), Buffer.of(NEWLINE)]);
    this.#append(slot, line);
  }

  poison(slot: number): void {
    this.#finish(slot);
    this.#append(slot, Buffer.from(`${POISON} ${(this.#lastId += 1)}\n`));
  }

  /** A sidecar file, which is replaced as a whole or grows. */
  sidecar(slot: number, bytes: number): void {
    const session = this.#session(slot);
    const name = `${session.path.replace(/\.jsonl$/, '')}/tool-results/result.txt`;
    this.#machine.disk.makeFolders(name.slice(0, name.lastIndexOf('/')));
    const file = this.#machine.disk.find(name) ?? this.#machine.disk.create(name);
    if (file.kind === 'file') {
      this.#machine.disk.setContent(file, Buffer.concat([file.bytes, Buffer.alloc(bytes, 'result\n')]));
    }
  }

  truncate(slot: number, keep: number): void {
    this.#change(slot, (bytes) => bytes.subarray(0, keep % (bytes.length + 1)), false);
  }

  /** Other exchanges at the same place, as long as the old ones to the byte. */
  replaceInPlace(slot: number): void {
    const session = this.#session(slot);
    this.#change(slot, (bytes) => this.#sameLength(session, bytes.length) ?? bytes, false);
  }

  /** A new file with some of the exchanges takes the place of the old one. */
  rewrite(slot: number, dice: Dice): void {
    this.#change(slot, (bytes) => someExchanges(bytes, dice), true);
  }

  rename(slot: number): void {
    const session = this.#sessions.get(slot);
    if (session === undefined) return;
    const next = this.#newPath();
    this.#machine.disk.rename(session.path, next);
    session.path = next;
  }

  /** The old one is kept under another name, and the agent begins a new file under the old one. */
  rotate(slot: number): void {
    const session = this.#sessions.get(slot);
    if (session === undefined) return;
    const kept = this.#newPath();
    this.#machine.disk.rename(session.path, kept);
    this.#sessions.set((this.#names += 1) + OTHERS, { ...session, path: kept, rest: Buffer.alloc(0), isBroken: true });
    this.#machine.disk.create(session.path);
    Object.assign(session, { rest: Buffer.alloc(0), last: null, isBroken: false });
  }

  /** Another session begins with the first lines of this one. */
  fork(slot: number, lines: number, into: number): void {
    const session = this.#sessions.get(slot);
    if (session === undefined || this.#sessions.has(into)) return;
    const whole = wholeLines(this.#bytesOf(session));
    const copied = whole.slice(0, (lines % (whole.length + 1)) + 1);
    this.#append(into, Buffer.concat(copied));
  }

  delete(slot: number): void {
    const session = this.#sessions.get(slot);
    if (session === undefined) return;
    this.past.push(this.#bytesOf(session));
    this.#machine.disk.remove(session.path);
    this.#sessions.delete(slot);
  }

  pathOf(slot: number): string | null {
    return this.#sessions.get(slot)?.path ?? null;
  }

  #change(slot: number, change: (bytes: Buffer) => Buffer, asNewFile: boolean): void {
    const session = this.#sessions.get(slot);
    if (session === undefined) return;
    const { disk } = this.#machine;
    this.past.push(this.#bytesOf(session));
    const bytes = change(this.#bytesOf(session));
    if (asNewFile) {
      disk.setContent(disk.create(`${session.path}.tmp`), bytes);
      disk.rename(`${session.path}.tmp`, session.path);
    } else {
      disk.setContent(disk.file(session.path), bytes);
    }
    session.rest = Buffer.alloc(0);
    session.last = null;
    session.isBroken = bytes.length > 0 && bytes.at(-1) !== NEWLINE;
  }

  #session(slot: number): Session {
    const known = this.#sessions.get(slot);
    if (known !== undefined) return known;
    const path = this.#newPath();
    const id = path.slice(path.lastIndexOf('/') + 1, -'.jsonl'.length);
    const session = { path, id, rest: Buffer.alloc(0), last: null, isBroken: false };
    this.#machine.disk.makeFolders(FOLDER);
    this.#machine.disk.create(path);
    this.#sessions.set(slot, session);
    return session;
  }

  #newPath(): string {
    return `${FOLDER}/${uuidOf(0xf000_0000 + (this.#names += 1))}.jsonl`;
  }

  #bytesOf(session: Session): Buffer {
    return this.#machine.disk.file(session.path).bytes;
  }

  #finish(slot: number): void {
    const session = this.#session(slot);
    const { rest } = session;
    session.rest = Buffer.alloc(0);
    if (rest.length > 0) this.#append(slot, rest);
  }

  #append(slot: number, bytes: Buffer): void {
    const session = this.#session(slot);
    const file = this.#machine.disk.file(session.path);
    const added = session.isBroken ? Buffer.concat([Buffer.of(NEWLINE), bytes]) : bytes;
    session.isBroken = false;
    this.#machine.disk.setContent(file, Buffer.concat([file.bytes, added]));
  }

  #promptLine(session: Session, paddingBytes: number): Buffer {
    const record = this.#newRecord(null);
    session.last = { exchange: record.exchange, uuid: record.uuid };
    const content = `${record.word} ü€😀 \u2028 ${'x'.repeat(paddingBytes)}`;
    return this.#line(session, record.uuid, null, { type: 'user', message: { role: 'user', content } });
  }

  #answerLine(session: Session): Buffer {
    if (session.last === null) return this.#promptLine(session, 0);
    const parent = session.last.uuid;
    const record = this.#newRecord(session.last.exchange);
    session.last = { exchange: record.exchange, uuid: record.uuid };
    const content = [{ type: 'text', text: `${record.word} größer` }];
    const message = { id: `msg_${record.word}`, role: 'assistant', content, stop_reason: 'end_turn' };
    return this.#line(session, record.uuid, parent, { type: 'assistant', message });
  }

  #line(session: Session, uuid: string, parentUuid: string | null, said: object): Buffer {
    const at = new Date(STARTED_AT + this.#lastId * 1000).toISOString();
    const shared = {
      parentUuid,
      isSidechain: false,
      uuid,
      sessionId: session.id,
      timestamp: at,
      cwd: '/home/ana/work',
    };
    return Buffer.from(`${JSON.stringify({ ...shared, ...said })}\n`);
  }

  #newRecord(exchange: string | null): Written {
    const uuid = uuidOf((this.#lastId += 1));
    const role = exchange === null ? 'prompt' : 'answer';
    const record: Written = { uuid, exchange: exchange ?? uuid, role, word: `word${this.#lastId}end` };
    this.written.set(uuid, record);
    return record;
  }

  #sameLength(session: Session, length: number): Buffer | null {
    const shortest = this.#promptLine(session, 0).length;
    if (shortest > length) return null;
    const line = this.#promptLine(session, length - shortest);
    // Ids become longer as they are counted.
    return line.length === length ? line : null;
  }
}

const STARTED_AT = Date.UTC(2026, 10, 20, 9);
/** Slots of files that nobody writes to any more. */
const OTHERS = 1000;

function uuidOf(number: number): string {
  return `00000000-0000-4000-a000-${number.toString(16).padStart(12, '0')}`;
}

function wholeLines(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; ;) {
    const newline = bytes.indexOf(NEWLINE, start);
    if (newline === -1) return lines;
    lines.push(bytes.subarray(start, newline + 1));
    start = newline + 1;
  }
}

/** Whole exchanges, from one prompt up to another. */
function someExchanges(bytes: Buffer, dice: Dice): Buffer {
  const lines = wholeLines(bytes);
  const prompts = lines.flatMap((line, index) => (line.includes('"type":"user"') ? [index] : []));
  const from = prompts[dice.roll(prompts.length + 1)] ?? 0;
  const to = prompts.filter((at) => at > from)[dice.roll(prompts.length + 1)] ?? lines.length;
  return Buffer.concat(lines.slice(from, to));
}
