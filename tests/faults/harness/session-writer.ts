/** Writes conversations as the clients do, and does to their files what clients and people do to them. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '../../../bench/transcripts/random.ts';
import { archivedPrefix, isArchived } from './archived-bytes.ts';
import { composeBadLine, composeExchange, type LineShape } from './exchange-lines.ts';
import type { Journal } from './journal.ts';
import { Transcript } from './transcript.ts';

export interface SessionWriterOptions {
  readonly journal: Journal;
  readonly random: SeededRandom;
  readonly projects: string;
  /** Holdfast's data folder, in which the writer only looks. */
  readonly home: string;
  /** Mean pause between two steps, ms. */
  readonly paceMs: number;
}

interface Session {
  readonly shape: LineShape;
  readonly transcript: Transcript;
  lastId: string | null;
}

const MOST_SESSIONS = 5;
const MOST_BYTES = 400_000;
const ARCHIVED_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 100;
/** Of what is destroyed so much is destroyed without waiting for the archive. */
const UNREAD_SHARE = 0.2;
const BURST = 60;

interface Deed {
  readonly name: string;
  /** How often it is drawn, relative to the others. */
  readonly weight: number;
  readonly run: (session: Session) => void | Promise<void>;
}

export class SessionWriter {
  readonly #options: SessionWriterOptions;
  readonly #random: SeededRandom;
  #sessions: Session[] = [];
  readonly #deeds: readonly Deed[] = [
    { name: 'append', weight: 100, run: (session) => this.#append(session) },
    { name: 'burst', weight: 4, run: (session) => this.#burst(session) },
    { name: 'bad line', weight: 6, run: (session) => this.#badLine(session) },
    { name: 'rename', weight: 5, run: (session) => this.#rename(session) },
    { name: 'rewrite', weight: 5, run: (session) => this.#rewrite(session) },
    { name: 'amend', weight: 3, run: (session) => this.#amend(session) },
    { name: 'truncate', weight: 3, run: (session) => this.#truncate(session) },
    { name: 'repair', weight: 0, run: (session) => this.#repair(session) },
    { name: 'fork', weight: 3, run: (session) => this.#fork(session) },
    { name: 'resume', weight: 3, run: (session) => this.#resume(session) },
    { name: 'subagent', weight: 4, run: (session) => this.#subagent(session) },
    { name: 'delete', weight: 3, run: (session) => this.#delete(session) },
    { name: 'delete torn', weight: 2, run: (session) => this.#deleteTorn(session) },
  ];
  /** How often each deed was done. */
  readonly #done = new Map<string, number>();

  constructor(options: SessionWriterOptions) {
    this.#options = options;
    this.#random = options.random;
  }

  get done(): ReadonlyMap<string, number> {
    return this.#done;
  }

  /** Goes on until the signal; leaves only whole lines. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#sessions.length === 0) this.#sessions.push(this.#newSession(Buffer.alloc(0), null));
      const session = this.#random.pick(this.#sessions);
      const deed = this.#drawDeed(session);
      await deed.run(session);
      this.#done.set(deed.name, (this.#done.get(deed.name) ?? 0) + 1);
      session.transcript.sync();
      await this.#pause();
    }
    for (const session of this.#sessions.filter(({ transcript }) => !transcript.endsWithLine)) this.#repair(session);
  }

  #drawDeed({ transcript }: Session): Deed {
    const wanted = !transcript.endsWithLine ? 'repair' : transcript.bytes.length > MOST_BYTES ? 'delete' : null;
    const deeds = this.#deeds.filter((deed) => (wanted === null ? deed.weight > 0 : deed.name === wanted));
    let left = this.#random.next() * deeds.reduce((sum, deed) => sum + deed.weight, 0);
    for (const deed of deeds) {
      left -= deed.weight;
      if (left <= 0) return deed;
    }
    return this.#random.pick(deeds);
  }

  /** In pieces that end anywhere, some of them for a while. */
  async #append(session: Session): Promise<void> {
    const bytes = Buffer.concat(this.#exchange(session));
    for (let at = 0; at < bytes.length;) {
      const piece = 1 + this.#random.int(this.#random.next() < 0.5 ? 40 : bytes.length);
      session.transcript.append(bytes.subarray(at, at + piece));
      at += piece;
      if (this.#random.next() < 0.3) await this.#pause();
    }
  }

  /** Many at once, so that a fault finds a queue. */
  #burst(session: Session): void {
    const lines = Array.from({ length: BURST }, () => this.#exchange(session)).flat();
    session.transcript.append(Buffer.concat(lines));
  }

  #badLine(session: Session): void {
    session.transcript.append(composeBadLine(this.#random));
  }

  #rename(session: Session): void {
    const { file } = session.transcript;
    const name = path.basename(file).split('.')[0] ?? '';
    const isSubagent = session.shape.agentId !== null;
    const target =
      isSubagent || this.#random.next() < 0.5
        ? path.join(this.#options.projects, this.#folder(), path.basename(file))
        : path.join(path.dirname(file), `${name}.orphaned-${this.#random.hex(6)}.jsonl`);
    if (target !== file) session.transcript.rename(target);
  }

  #rewrite(session: Session): void {
    session.transcript.rewrite(Buffer.concat(this.#exchange(session)));
  }

  /** The client drops the end of a conversation and goes on from an earlier point. */
  async #amend(session: Session): Promise<void> {
    const kept = this.#cutPoint(session);
    const start = session.transcript.bytes.subarray(0, kept);
    const owed = await this.#owed(session);
    session.lastId = null;
    session.transcript.replace(Buffer.concat([start, ...this.#exchange(session)]), owed);
  }

  async #truncate(session: Session): Promise<void> {
    const draw = this.#random.next();
    const size = draw < 0.4 ? 0 : this.#cutPoint(session);
    const torn = draw > 0.8 && size > 2 ? 1 + this.#random.int(2) : 0;
    const owed = await this.#owed(session);
    session.lastId = null;
    session.transcript.truncate(size - torn, owed);
  }

  /** The next deed after a cut within a line: a newline, so that what comes next is a line of its own. */
  #repair(session: Session): void {
    session.transcript.append(Buffer.from('\n'));
  }

  /** A copy of the history under another session, both of which go on. */
  #fork(session: Session): void {
    if (session.shape.agentId !== null) return;
    const { transcript, shape, lastId } = session;
    const sessionId = this.#random.uuid();
    const copied = Buffer.from(transcript.bytes.toString('latin1').replaceAll(shape.sessionId, sessionId), 'latin1');
    this.#sessions.push(this.#newSession(copied, lastId, sessionId));
  }

  /** A copy of the history as it is; the old file stays as it was. */
  #resume(session: Session): void {
    if (session.shape.agentId !== null) return;
    this.#sessions = this.#sessions.filter((one) => one !== session);
    this.#sessions.push(this.#newSession(session.transcript.bytes, session.lastId));
  }

  #subagent(session: Session): void {
    if (session.shape.agentId !== null) return;
    const { sessionId, cwd } = session.shape;
    const agentId = this.#random.hex(8);
    const folder = path.join(path.dirname(session.transcript.file), sessionId, 'subagents');
    const meta = Buffer.from(JSON.stringify({ agentType: 'explorer', description: `looks ${this.#random.hex(8)}` }));
    const { journal } = this.#options;
    new Transcript(journal, path.join(folder, `agent-${agentId}.meta.json`), meta, 'blob').sync();
    const transcript = new Transcript(journal, path.join(folder, `agent-${agentId}.jsonl`), Buffer.alloc(0));
    this.#sessions.push({ shape: { sessionId, agentId, cwd }, transcript, lastId: null });
  }

  async #delete(session: Session): Promise<void> {
    this.#sessions = this.#sessions.filter((one) => one !== session);
    session.transcript.delete(await this.#owed(session));
  }

  /** A last line that never gets its end: its bytes are kept all the same. */
  async #deleteTorn(session: Session): Promise<void> {
    const [line = Buffer.alloc(0)] = this.#exchange(session);
    session.transcript.append(line.subarray(0, 1 + this.#random.int(line.length - 2)));
    await this.#delete(session);
  }

  /** Bytes of the transcript that are owed from now on, when it is about to be destroyed. */
  async #owed({ transcript }: Session): Promise<number> {
    if (this.#random.next() < UNREAD_SHARE) return archivedPrefix(this.#options.home, transcript.bytes);
    const end = performance.now() + ARCHIVED_WITHIN_MS;
    for (;;) {
      if (isArchived(this.#options.home, transcript.bytes)) return transcript.bytes.length;
      if (performance.now() > end) throw new Error(`${transcript.file} was not archived within two minutes`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  #exchange(session: Session): readonly Buffer[] {
    const { lines, lastId } = composeExchange(this.#random, session.shape, session.lastId);
    session.lastId = lastId;
    return lines;
  }

  #cutPoint({ transcript }: Session): number {
    const ends = transcript.lineEnds();
    return ends.length === 0 ? 0 : this.#random.pick(ends);
  }

  #newSession(bytes: Buffer, lastId: string | null, sessionId: string = this.#random.uuid()): Session {
    if (this.#sessions.length >= MOST_SESSIONS) this.#sessions = this.#sessions.slice(1);
    const folder = this.#folder();
    const file = path.join(this.#options.projects, folder, `${sessionId}.jsonl`);
    const shape = { sessionId, agentId: null, cwd: `/home/ana/${folder}` };
    return { shape, transcript: new Transcript(this.#options.journal, file, bytes), lastId };
  }

  #folder(): string {
    return `-home-ana-p${String(this.#random.int(4))}`;
  }

  async #pause(): Promise<void> {
    await sleep(this.#random.next() * 2 * this.#options.paceMs);
  }
}
