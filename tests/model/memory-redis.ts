/**
 * The few commands of Redis that the queue uses, on a stream in memory, with what a server may do to it: lose its newest
 * writes in a crash, be wiped, lose or damage single entries. Keeps count of what nobody may do.
 */
export interface StreamEntry {
  readonly id: number;
  readonly fields: readonly string[];
}

interface Pending {
  readonly consumer: string;
  readonly deliveredAt: number;
}

interface Group {
  readonly name: string;
  readonly lastDelivered: number;
  readonly pending: ReadonlyMap<number, Pending>;
}

/** Never changed: each write makes another one, so that any earlier state can come back. */
interface Stream {
  readonly entries: readonly StreamEntry[];
  readonly lastId: number;
  readonly group: Group | null;
}

/** A read that waits for an entry. */
export interface Waiter {
  readonly words: readonly string[];
  readonly answer: (reply: unknown) => void;
  readonly refuse: (error: Error) => void;
}

/** What Redis says no with; the first word is its code. */
export class Refusal extends Error {}

export const BLOCKED = Symbol('blocked');

const REMEMBERED_WRITES = 40;
const NO_GROUP = 'NOGROUP No such key or consumer group';

export class MemoryRedis {
  readonly #monotonic: () => number;
  #stream: Stream | null = null;
  #history: (Stream | null)[] = [];
  #lastId = 0;
  /** Entries whose content is another one now than what was delivered. */
  readonly #tampered = new Set<number>();
  readonly #waiters = new Set<Waiter>();
  /** Called for each entry that is acknowledged, if it still is what was delivered. */
  onAcknowledged: (entry: StreamEntry) => void = () => undefined;
  /** Entries that were trimmed away before they were acknowledged. */
  readonly trimmedTooEarly: number[] = [];

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  get entries(): readonly StreamEntry[] {
    return this.#stream?.entries ?? [];
  }

  /** Waiting and pending entries that are there. */
  get depth(): number {
    const group = this.#group;
    if (group === null) return this.entries.length;
    return this.entries.filter(({ id }) => id > group.lastDelivered || group.pending.has(id)).length;
  }

  get #group(): Group | null {
    return this.#stream?.group ?? null;
  }

  /** @returns {@link BLOCKED} for a read that has to wait. Error: {@link Refusal} */
  execute(words: readonly string[]): unknown {
    const [command = '', ...args] = words;
    switch (command) {
      case 'XGROUP':
        return this.#createGroup(args[2] ?? '');
      case 'XADD':
        return this.#add(args.slice(2));
      case 'XREADGROUP':
        return this.#readGroup(args);
      case 'XACK':
        return this.#acknowledge(args.slice(2));
      case 'XAUTOCLAIM':
        return this.#autoclaim(args);
      case 'XPENDING':
        return this.#pendingSummary();
      case 'XINFO':
        return this.#groups();
      case 'XRANGE':
        return this.#range(args[1] ?? '-', args[2] ?? '+', Number(args[4]));
      case 'XREVRANGE':
        return this.#rangeBackwards(args[1] ?? '+', Number(args[4]));
      case 'XTRIM':
        return this.#trim(args[1] ?? '', args[2] ?? '');
      default:
        throw new Refusal(`ERR unknown command '${command}'`);
    }
  }

  wait(waiter: Waiter): Disposable {
    this.#waiters.add(waiter);
    return { [Symbol.dispose]: () => void this.#waiters.delete(waiter) };
  }

  /** The server dies and comes back without its newest writes, as an append-only file whose end is missing leaves it. */
  crash(lostWrites: number): void {
    this.#waiters.clear();
    if (lostWrites === 0) return;
    this.#stream = this.#history.at(-lostWrites) ?? null;
    this.#history = this.#history.slice(0, -lostWrites);
  }

  /** Everything is gone, as after FLUSHALL. */
  wipe(): void {
    this.#change(null);
    for (const waiter of this.#waiters) waiter.refuse(new Refusal(NO_GROUP));
    this.#waiters.clear();
  }

  /** Changes or drops (null) the content of entries, behind everybody's back. */
  tamper(change: (entry: StreamEntry) => StreamEntry | null): void {
    if (this.#stream === null) return;
    const entries = this.entries.map((entry) => {
      const changed = change(entry);
      if (changed !== entry) this.#tampered.add(entry.id);
      return changed;
    });
    this.#change({ ...this.#stream, entries: entries.filter((entry) => entry !== null) });
  }

  #change(stream: Stream | null): void {
    this.#history.push(this.#stream);
    if (this.#history.length > REMEMBERED_WRITES) this.#history.shift();
    this.#stream = stream;
  }

  #createGroup(name: string): string {
    if (this.#group !== null) throw new Refusal('BUSYGROUP Consumer Group name already exists');
    const group = { name, lastDelivered: 0, pending: new Map<number, Pending>() };
    this.#change({ entries: this.entries, lastId: this.#stream?.lastId ?? 0, group });
    return 'OK';
  }

  #add(fields: readonly string[]): string {
    const id = (this.#lastId = Math.max(this.#lastId, this.#stream?.lastId ?? 0) + 1);
    this.#change({
      entries: [...this.entries, { id, fields }],
      lastId: id,
      group: this.#group,
    });
    for (const waiter of [...this.#waiters]) {
      if (this.#group === null) continue;
      const reply = this.#readGroup(waiter.words.slice(1));
      if (reply === BLOCKED) break;
      this.#waiters.delete(waiter);
      waiter.answer(reply);
    }
    return textOf(id);
  }

  /** GROUP g consumer COUNT n [BLOCK ms] STREAMS key id */
  #readGroup(args: readonly string[]): unknown {
    const [stream, group] = this.#existing();
    const consumer = args[2] ?? '';
    const most = Number(args[4]);
    const after = args.at(-1) ?? '>';
    if (after !== '>') return [[args.at(-2), this.#pendingAfter(consumer, after, most)]];
    const fresh = stream.entries.filter(({ id }) => id > group.lastDelivered).slice(0, most);
    const last = fresh.at(-1);
    if (last === undefined) return args.includes('BLOCK') ? BLOCKED : null;
    const pending = new Map(group.pending);
    for (const { id } of fresh) pending.set(id, { consumer, deliveredAt: this.#monotonic() });
    this.#change({ ...stream, group: { ...group, lastDelivered: last.id, pending } });
    return [[args.at(-2), fresh.map(replyOf)]];
  }

  #pendingAfter(consumer: string, after: string, most: number): unknown {
    const [stream, group] = this.#existing();
    return [...group.pending]
      .filter(([id, held]) => held.consumer === consumer && id * SCALE > scaledOf(after))
      .sort(([one], [other]) => one - other)
      .slice(0, most)
      .map(([id]) => {
        const entry = stream.entries.find((candidate) => candidate.id === id);
        return entry === undefined ? [textOf(id), null] : replyOf(entry);
      });
  }

  #acknowledge(ids: readonly string[]): number {
    const [stream, group] = [this.#stream, this.#group];
    if (stream === null || group === null) return 0;
    const pending = new Map(group.pending);
    const before = pending.size;
    for (const text of ids) {
      const id = scaledOf(text) / SCALE;
      const entry = this.entries.find((candidate) => candidate.id === id);
      if (pending.delete(id) && entry !== undefined && !this.#tampered.has(id)) this.onAcknowledged(entry);
    }
    this.#change({ ...stream, group: { ...group, pending } });
    return before - pending.size;
  }

  /** key group consumer minIdle start COUNT n */
  #autoclaim(args: readonly string[]): unknown {
    const [stream, group] = this.#existing();
    const now = this.#monotonic();
    const idle = [...group.pending]
      .filter(([, held]) => now - held.deliveredAt >= Number(args[3]))
      .sort(([one], [other]) => one - other)
      .slice(0, Number(args[6]));
    const pending = new Map(group.pending);
    const gone: number[] = [];
    const taken: StreamEntry[] = [];
    for (const [id] of idle) {
      const entry = stream.entries.find((candidate) => candidate.id === id);
      if (entry === undefined) {
        gone.push(id);
        pending.delete(id);
      } else {
        taken.push(entry);
        pending.set(id, { consumer: args[2] ?? '', deliveredAt: now });
      }
    }
    if (idle.length > 0) this.#change({ ...stream, group: { ...group, pending } });
    return ['0-0', taken.map(replyOf), gone.map(textOf)];
  }

  #pendingSummary(): unknown {
    const [, group] = this.#existing();
    const ids = [...group.pending.keys()].sort((one, other) => one - other);
    const [oldest] = ids;
    const newest = ids.at(-1);
    if (oldest === undefined || newest === undefined) return [0, null, null, null];
    return [ids.length, textOf(oldest), textOf(newest), []];
  }

  #groups(): unknown {
    if (this.#stream === null) throw new Refusal('ERR no such key');
    const { group } = this.#stream;
    if (group === null) return [];
    const lag = this.entries.filter(({ id }) => id > group.lastDelivered).length;
    const last = textOf(group.lastDelivered);
    return [['name', group.name, 'consumers', 1, 'pending', group.pending.size, 'last-delivered-id', last, 'lag', lag]];
  }

  #range(from: string, to: string, most: number): unknown {
    return this.#between(from, to).slice(0, most).map(replyOf);
  }

  #rangeBackwards(from: string, most: number): unknown {
    return this.#between('-', from).reverse().slice(0, most).map(replyOf);
  }

  #between(from: string, to: string): StreamEntry[] {
    const isAbove = from === '-' ? () => true : bound(from, (id, at) => id > at);
    const isBelow = to === '+' ? () => true : bound(to, (id, at) => id < at);
    return this.entries.filter(({ id }) => isAbove(id) && isBelow(id));
  }

  #trim(strategy: string, argument: string): number {
    if (this.#stream === null) return 0;
    const { entries, group } = this.#stream;
    const kept =
      strategy === 'MAXLEN'
        ? entries.slice(Math.max(0, entries.length - Number(argument)))
        : entries.filter(({ id }) => id * SCALE >= scaledOf(argument));
    const oldestKept = kept[0]?.id ?? Infinity;
    for (const { id } of entries) {
      const isOpen = group === null || id > group.lastDelivered || group.pending.has(id);
      if (id < oldestKept && isOpen) this.trimmedTooEarly.push(id);
    }
    this.#change({ ...this.#stream, entries: kept });
    return entries.length - kept.length;
  }

  #existing(): readonly [Stream, Group] {
    const [stream, group] = [this.#stream, this.#group];
    if (stream === null || group === null) throw new Refusal(NO_GROUP);
    return [stream, group];
  }
}

/** Ids are `<number>-<sequence>`; ours all have the sequence 0, but bounds may lie between two of them. */
const SCALE = 1000;

function scaledOf(text: string): number {
  const [number = '0', sequence = '0'] = text.split('-');
  return Number(number) * SCALE + Number(sequence);
}

function textOf(id: number): string {
  return `${id}-0`;
}

function bound(text: string, isPast: (id: number, at: number) => boolean): (id: number) => boolean {
  const isOpen = text.startsWith('(');
  const at = scaledOf(isOpen ? text.slice(1) : text);
  return (id) => isPast(id * SCALE, at) || (!isOpen && id * SCALE === at);
}

function replyOf({ id, fields }: StreamEntry): unknown {
  return [textOf(id), [...fields]];
}
