/**
 * What must hold on the machine: after every step, and when nothing is under way any more. Reads disk and database by
 * itself and compares them with what the agents wrote.
 */
import type { Agents } from './agents.ts';
import { AGENT_ROOT, ARCHIVE, type Machine } from './machine.ts';
import { readTranscript, type ReadLine, type Reading } from './reading.ts';

interface StoredExchange {
  readonly key: string;
  readonly revision: number;
  readonly prompt: string;
  readonly answer: string;
}

interface StoredFile {
  readonly path: string;
  readonly committed: number;
}

interface StoredLetter {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

export class Oracle {
  readonly #machine: Machine;
  readonly #agents: Agents;
  readonly #revisions = new Map<string, number>();
  readonly #committed = new Map<string, number>();
  #durable: ReadonlyMap<string, Buffer> = new Map();
  readonly #readings = new WeakMap<Buffer, Reading>();
  #diskVersion = -1;
  #storeVersion = -1;

  constructor(machine: Machine, agents: Agents) {
    this.#machine = machine;
    this.#agents = agents;
  }

  /** After every step. @returns what is wrong, in sentences */
  violations(): readonly string[] {
    const { redis, ackedTooEarly, disk, store } = this.#machine;
    const isChanged = store.changes !== this.#storeVersion;
    const isSynced = disk.durableVersion !== this.#diskVersion;
    this.#storeVersion = store.changes;
    this.#diskVersion = disk.durableVersion;
    const archive = isSynced ? this.#archive('durable') : this.#durable;
    return [
      ...ackedTooEarly.map((id) => `entry ${id} was acknowledged before it was saved`),
      ...redis.trimmedTooEarly.map((id) => `entry ${id} was trimmed away before it was acknowledged`),
      ...(isSynced ? this.#shrunk(archive) : []),
      ...(isChanged ? [...this.#committedWrongly(archive), ...this.#fallen(), ...this.#twice()] : []),
    ];
  }

  /** When all is quiet. @returns what is missing, too much or wrong, in sentences */
  differences(): readonly string[] {
    const { redis, redisState } = this.#machine;
    if (redisState.kind === 'ready' && redis.depth > 0) return ['entries are not acknowledged'];
    const archive = this.#archive('durable');
    const unarchived = this.#notArchived(archive);
    if (unarchived.length > 0) return unarchived;
    const readings = new Map([...archive].filter(isTranscript).map(([path, bytes]) => [path, this.#read(bytes)]));
    const uncommitted = this.#notCommitted(archive, readings);
    if (uncommitted.length > 0) return uncommitted;
    return [
      ...this.#neverWritten(archive),
      ...this.#wrongLetters(readings),
      ...this.#wrongRecords(readings),
      ...this.#wrongExchanges(readings),
      ...this.#wrongIndex(),
    ];
  }

  /** What a power cut, or anything else, may never take away again. */
  #shrunk(archive: ReadonlyMap<string, Buffer>): string[] {
    const before = this.#durable;
    this.#durable = archive;
    return [...before].flatMap(([path, bytes]) => {
      const now = archive.get(path);
      if (now === bytes || now?.subarray(0, bytes.length).equals(bytes) === true) return [];
      // What a power cut has left as zeros may be written again.
      const isFilled =
        this.#machine.torn.has(path) && bytes.every((byte, index) => byte === 0 || byte === now?.[index]);
      if (isFilled) return [];
      return [`archived bytes of ${path} are gone or changed`];
    });
  }

  #committedWrongly(archive: ReadonlyMap<string, Buffer>): string[] {
    return this.#files().flatMap(({ path, committed }) => {
      const before = this.#committed.get(path) ?? 0;
      if (committed === before) return [];
      this.#committed.set(path, committed);
      if (committed < before) return [`the position of ${path} went back`];
      const bytes = archive.get(path) ?? Buffer.alloc(0);
      if (committed > bytes.length) return [`${path} is committed to ${committed}, durable to ${bytes.length}`];
      if (!path.endsWith('.jsonl')) return [];
      const passed = readTranscript(bytes.subarray(before, committed), before).lines;
      const letters = this.#letters().filter((letter) => letter.path === path);
      return passed.flatMap((line) => {
        const isKept = letters.some((letter) => letter.start <= line.start && line.end <= letter.end);
        if (isKept || line.kind === 'blank' || (line.uuid !== null && this.#hasRecord(line.uuid))) return [];
        return [`the position of ${path} passed ${line.start} and nothing of it is saved`];
      });
    });
  }

  #fallen(): string[] {
    const { store } = this.#machine;
    const stored = store.all<Pick<StoredExchange, 'key' | 'revision'>>('SELECT key, revision FROM exchange');
    return stored.flatMap(({ key, revision }) => {
      const before = this.#revisions.get(key) ?? 0;
      this.#revisions.set(key, revision);
      return revision < before ? [`exchange ${key} fell from revision ${before} to ${revision}`] : [];
    });
  }

  #twice(): string[] {
    const { store } = this.#machine;
    const records = store.all<{ readonly key: string; readonly n: number }>(
      'SELECT hex(key) AS key, count(*) AS n FROM record GROUP BY key',
    );
    const exchanges = store.all<{ readonly key: string; readonly n: number }>(
      'SELECT key, count(*) AS n FROM exchange GROUP BY key',
    );
    const { written } = this.#agents;
    return [
      ...[...records, ...exchanges].filter(({ n }) => n > 1).map(({ key }) => `${key} is stored twice`),
      ...records.filter(({ key }) => !written.has(unpacked(key))).map(({ key }) => `${key} was never written`),
    ];
  }

  #notArchived(archive: ReadonlyMap<string, Buffer>): string[] {
    const held = new Map<string, number>();
    for (const bytes of archive.values()) {
      const content = bytes.toString('latin1');
      held.set(content, (held.get(content) ?? 0) + 1);
    }
    return [...this.#machine.disk.filesBelow(AGENT_ROOT, 'seen')].flatMap(([path, bytes]) => {
      const content = bytes.toString('latin1');
      const left = held.get(content) ?? 0;
      held.set(content, left - 1);
      return left > 0 || bytes.length === 0 ? [] : [`${path} is not archived as it is`];
    });
  }

  /** An archived file is the beginning of what a source held at some moment. */
  #neverWritten(archive: ReadonlyMap<string, Buffer>): string[] {
    const sources = [...this.#agents.past, ...this.#machine.disk.filesBelow(AGENT_ROOT, 'seen').values()];
    return [...archive].flatMap(([path, bytes]) => {
      const isKnown = sources.some((source) => source.subarray(0, bytes.length).equals(bytes));
      return isKnown || this.#machine.torn.has(path) ? [] : [`${path} holds what no transcript ever held`];
    });
  }

  #notCommitted(archive: ReadonlyMap<string, Buffer>, readings: ReadonlyMap<string, Reading>): string[] {
    const committed = new Map(this.#files().map((file) => [file.path, file.committed]));
    return [...archive].flatMap(([path, bytes]) => {
      const wanted = readings.get(path)?.end ?? bytes.length;
      const is = committed.get(path) ?? 0;
      return is === wanted ? [] : [`${path} is committed to ${is} of ${wanted}`];
    });
  }

  #wrongLetters(readings: ReadonlyMap<string, Reading>): string[] {
    const expected = new Set(
      [...readings].flatMap(([path, { lines }]) =>
        lines.filter((line) => line.kind === 'bad').map((line) => `${path} at ${line.start}`),
      ),
    );
    const stored = this.#letters();
    const isAllowed = ({ path, start, end }: StoredLetter): boolean => {
      const reading = readings.get(path);
      return (
        reading?.tail?.start === start ||
        (reading?.lines.some((line) => line.kind === 'poison' && line.start >= start && line.end <= end) ?? false)
      );
    };
    const inPoison = new Set([...readings].flatMap(([path, reading]) => (isPoisoned(reading) ? [path] : [])));
    const named = new Set(stored.map(({ path, start }) => `${path} at ${start}`));
    return [
      ...[...expected]
        .filter((name) => !named.has(name) && ![...inPoison].some((path) => name.startsWith(path)))
        .map((name) => `no dead letter for ${name}`),
      ...stored
        .filter((letter) => !expected.has(`${letter.path} at ${letter.start}`) && !isAllowed(letter))
        .map(({ path, start }) => `a dead letter for ${path} at ${start}, where nothing is wrong`),
    ];
  }

  #wrongRecords(readings: ReadonlyMap<string, Reading>): string[] {
    const { needed, allowed } = this.#expectedIds(readings);
    const stored = new Set(
      this.#machine.store.all<{ readonly key: string }>('SELECT hex(key) AS key FROM record').map(({ key }) => key),
    );
    const known = new Set([...needed, ...allowed].map(packed));
    return [
      ...[...needed].filter((uuid) => !stored.has(packed(uuid))).map((uuid) => `record ${uuid} is missing`),
      ...[...stored].filter((key) => !known.has(key)).map((key) => `record ${key} is in no archived file`),
    ];
  }

  #wrongExchanges(readings: ReadonlyMap<string, Reading>): string[] {
    const { needed, allowed, poisoned } = this.#expectedIds(readings);
    const captured = [...this.#agents.written.values()].filter(
      ({ uuid }) => needed.has(uuid) || (allowed.has(uuid) && this.#hasRecord(uuid)),
    );
    const stored = new Map(this.#exchanges().map((exchange) => [exchange.key, exchange]));
    const wrong = captured.flatMap((record) => {
      if (record.role !== 'prompt' || poisoned.has(record.uuid)) return [];
      const members = captured.filter((member) => member.exchange === record.uuid);
      const exchange = stored.get(record.uuid);
      if (exchange === undefined) return [`exchange ${record.uuid} is missing`];
      const words = (exchange.answer.match(/word\d+end/g) ?? []).sort();
      const wanted = members
        .filter(({ role }) => role === 'answer')
        .map(({ word }) => word)
        .sort();
      const isSame =
        exchange.revision === members.length &&
        exchange.prompt.startsWith(record.word) &&
        words.join() === wanted.join();
      return isSame
        ? []
        : [`exchange ${record.uuid} has revision ${exchange.revision} and ${words.join()}, not ${wanted.join()}`];
    });
    const prompts = new Set(captured.map(({ exchange }) => exchange));
    return [
      ...wrong,
      ...[...stored.keys()].filter((key) => !prompts.has(key)).map((key) => `exchange ${key} is strange`),
    ];
  }

  /** Full-text search finds each prompt once; the index is what its contents say. */
  #wrongIndex(): string[] {
    const { database } = this.#machine.store;
    const find = database.prepare('SELECT count(*) AS n FROM exchange_fts WHERE exchange_fts MATCH ?').pluck();
    const wrong = this.#exchanges().flatMap(({ key, prompt }) => {
      const [word = ''] = prompt.split(' ');
      return find.get(`"${word}"`) === 1 ? [] : [`search does not find ${key} once`];
    });
    database.exec(`INSERT INTO exchange_fts (exchange_fts, rank) VALUES ('integrity-check', 1)`);
    return wrong;
  }

  /** Ids that must be stored, that may be (unfinished last lines, neighbours of poison), and prompts that poison is near to. */
  #expectedIds(readings: ReadonlyMap<string, Reading>): Record<'needed' | 'allowed' | 'poisoned', Set<string>> {
    const needed = new Set<string>();
    const allowed = new Set<string>();
    const poisoned = new Set<string>();
    for (const reading of readings.values()) {
      const lines: readonly ReadLine[] = reading.lines;
      for (const { uuid } of lines) if (uuid !== null) (isPoisoned(reading) ? allowed : needed).add(uuid);
      const unfinished = reading.tail?.uuid ?? null;
      if (unfinished !== null) allowed.add(unfinished);
      if (!isPoisoned(reading)) continue;
      for (const { uuid } of lines) if (uuid !== null) poisoned.add(this.#agents.written.get(uuid)?.exchange ?? uuid);
    }
    return { needed, allowed, poisoned };
  }

  /** The same bytes are read once. */
  #read(bytes: Buffer): Reading {
    const reading = this.#readings.get(bytes) ?? readTranscript(bytes);
    this.#readings.set(bytes, reading);
    return reading;
  }

  #archive(view: 'seen' | 'durable'): ReadonlyMap<string, Buffer> {
    const files = this.#machine.disk.filesBelow(ARCHIVE, view);
    const isOurs = (path: string): boolean => !path.endsWith('root.json') && !path.endsWith('.tmp');
    return new Map([...files].filter(([path]) => isOurs(path)));
  }

  #files(): readonly StoredFile[] {
    return this.#machine.store.all<StoredFile>('SELECT archive_path AS path, committed FROM generation');
  }

  #letters(): readonly StoredLetter[] {
    return this.#machine.store.all<StoredLetter>(
      `SELECT g.archive_path AS path, d.start, d."end" FROM dead_letter d JOIN generation g ON g.id = d.generation
       WHERE d.state = 'kept'`,
    );
  }

  #exchanges(): readonly StoredExchange[] {
    return this.#machine.store.all<StoredExchange>('SELECT key, revision, prompt, answer FROM exchange');
  }

  #hasRecord(uuid: string): boolean {
    return this.#machine.store.all('SELECT 1 FROM record WHERE key = ?', Buffer.from(packed(uuid), 'hex')).length > 0;
  }
}

function isTranscript([path]: readonly [string, Buffer]): boolean {
  return path.endsWith('.jsonl');
}

function isPoisoned(reading: Reading): boolean {
  return reading.lines.some((line) => line.kind === 'poison') || reading.tail?.kind === 'poison';
}

function packed(uuid: string): string {
  return uuid.replaceAll('-', '').toUpperCase();
}

function unpacked(key: string): string {
  return key.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
