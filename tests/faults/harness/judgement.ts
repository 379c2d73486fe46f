/**
 * Compares what is owed with what is there, as sets. Pure: in go the journal, the archive and the rows of the store, out comes
 * everything that differs. Reads transcripts by the plain meaning of the format, with nothing of Holdfast's own reading.
 */
import { isUtf8 } from 'node:buffer';
import { exchangesOf, type ExpectedExchange } from '../../support/transcript-oracle.ts';
import type { ArchivedFile } from './archived-bytes.ts';
import type { Incarnation } from './journal.ts';

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface StoredExchange {
  readonly key: string;
  readonly prompt: string;
  readonly answers: readonly string[];
  readonly tools: readonly string[];
  readonly isSubagent: boolean;
  /** How many exchanges full-text search finds for the word that only this one has. */
  readonly found: number;
}

export interface StoredGeneration {
  readonly archivePath: string;
  readonly committed: number;
  /** Dead letters that nobody has decided about. */
  readonly letters: readonly ByteRange[];
}

export interface Store {
  readonly exchanges: readonly StoredExchange[];
  readonly generations: readonly StoredGeneration[];
  /** Id of each record with its place in the archive. */
  readonly records: readonly (ByteRange & { readonly id: string; readonly archivePath: string })[];
}

export interface Judgement {
  /** Exchanges that are owed. */
  readonly exchanges: number;
  /** Of them. */
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  /** Exchanges that are not as they were written, and everything else that is not as it should be. */
  readonly wrong: readonly string[];
}

const NEWLINE = 0x0a;

export function judge(incarnations: readonly Incarnation[], archive: readonly ArchivedFile[], store: Store): Judgement {
  const owed = exchangesIn(
    incarnations.map(({ kind, bytes, owedBytes }) => ({ kind, bytes: bytes.subarray(0, owedBytes) })),
  );
  const written = exchangesIn(incarnations);
  const exchanges = judgeExchanges(owed, written, store.exchanges);
  return {
    exchanges: owed.size,
    lost: exchanges.lost,
    duplicated: exchanges.duplicated,
    wrong: [
      ...exchanges.wrong,
      ...missingBytes(incarnations, archive),
      ...missingRecords(incarnations, store),
      ...wrongGenerations(incarnations, archive, store),
      ...wrongRecords(archive, store),
    ],
  };
}

export function isClean({ lost, duplicated, wrong }: Judgement): boolean {
  return lost.length + duplicated.length + wrong.length === 0;
}

/** Ranges of the lines that are no records: no UTF-8, no JSON, no object, or with a NUL. */
export function badLines(bytes: Buffer): readonly ByteRange[] {
  return wholeLines(bytes)
    .filter(({ start, end }) => end - start > 1 && !isRecord(bytes.subarray(start, end)))
    .map(({ start, end }) => ({ start, end }));
}

function wholeLines(bytes: Buffer): readonly ByteRange[] {
  const lines: ByteRange[] = [];
  let start = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, start)) {
    lines.push({ start, end: at + 1 });
    start = at + 1;
  }
  return lines;
}

function isRecord(line: Buffer): boolean {
  if (!isUtf8(line) || line.includes(0)) return false;
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function recordLines(bytes: Buffer): readonly string[] {
  return wholeLines(bytes)
    .map(({ start, end }) => bytes.subarray(start, end))
    .filter(isRecord)
    .map((line) => line.toString('utf8'));
}

/** By key. Of an exchange that stands in several places, shortened in some of them, the longest. */
function exchangesIn(
  incarnations: readonly Pick<Incarnation, 'kind' | 'bytes'>[],
): ReadonlyMap<string, ExpectedExchange> {
  const all = new Map<string, ExpectedExchange>();
  for (const { kind, bytes } of incarnations) {
    if (kind === 'blob') continue;
    for (const exchange of exchangesOf(recordLines(bytes))) {
      const known = all.get(exchange.id);
      if (known === undefined || lengthOf(exchange) > lengthOf(known)) all.set(exchange.id, exchange);
    }
  }
  return all;
}

function lengthOf({ answers, tools }: Pick<ExpectedExchange, 'answers' | 'tools'>): number {
  return answers.length + tools.length;
}

function judgeExchanges(
  owed: ReadonlyMap<string, ExpectedExchange>,
  written: ReadonlyMap<string, ExpectedExchange>,
  stored: readonly StoredExchange[],
): Omit<Judgement, 'exchanges'> {
  const counts = new Map<string, number>();
  for (const { key } of stored) counts.set(key, (counts.get(key) ?? 0) + 1);
  const wrong = stored.flatMap((one) => {
    const reason = faultOf(one, owed.get(one.key), written.get(one.key));
    return reason === null ? [] : [`exchange ${one.key}: ${reason}`];
  });
  return {
    lost: [...owed.keys()].filter((key) => !counts.has(key)).map((key) => `exchange ${key}`),
    duplicated: [
      ...[...counts].filter(([, count]) => count > 1).map(([key]) => `exchange ${key}`),
      ...stored.filter(({ found }) => found > 1).map(({ key }) => `search for exchange ${key}`),
    ],
    wrong,
  };
}

/** At least what is owed, at most what was written, and nothing in between that is neither. */
function faultOf(
  stored: StoredExchange,
  owed: ExpectedExchange | undefined,
  written: ExpectedExchange | undefined,
): string | null {
  if (written === undefined) return 'nobody has written it';
  if (stored.prompt !== written.prompt) return `its prompt is ${JSON.stringify(stored.prompt)}`;
  if (stored.isSubagent !== written.is_subagent) return 'it is on the wrong side of main and subagent';
  if (stored.found !== 1) return `a search finds it ${String(stored.found)} times`;
  for (const name of ['answers', 'tools'] as const) {
    const least = owed?.[name].length ?? 0;
    const isBeginning = JSON.stringify(stored[name]) === JSON.stringify(written[name].slice(0, stored[name].length));
    if (stored[name].length < least || !isBeginning) {
      return `its ${name} are ${JSON.stringify(stored[name])} instead of ${JSON.stringify(written[name])}`;
    }
  }
  return null;
}

/** Each incarnation is in the archive, in one piece, as far as it is owed. */
function missingBytes(incarnations: readonly Incarnation[], archive: readonly ArchivedFile[]): readonly string[] {
  return incarnations
    .filter(({ bytes, owedBytes }) => {
      const owed = bytes.subarray(0, owedBytes);
      return owedBytes > 0 && !archive.some((file) => startsWith(file.bytes, owed));
    })
    .map(({ name, owedBytes }) => `${String(owedBytes)} bytes of ${name} are not in the archive`);
}

function missingRecords(incarnations: readonly Incarnation[], store: Store): readonly string[] {
  const stored = new Set(store.records.map(({ id }) => id));
  const owed = new Set(
    incarnations
      .filter(({ kind }) => kind === 'lines')
      .flatMap(({ bytes, owedBytes }) => recordLines(bytes.subarray(0, owedBytes)).map(idOf)),
  );
  return [...owed].filter((id) => id !== '' && !stored.has(id)).map((id) => `record ${id} is missing`);
}

/** The bytes at a record's place are the line with its id. */
function wrongRecords(archive: readonly ArchivedFile[], store: Store): readonly string[] {
  const files = new Map(archive.map(({ archivePath, bytes }) => [archivePath, bytes]));
  return store.records
    .filter(({ id, archivePath, start, end }) => {
      const line = files.get(archivePath)?.subarray(start, end) ?? Buffer.alloc(0);
      return !isRecord(line) || idOf(line.toString('utf8')) !== id;
    })
    .map(({ id, archivePath, start }) => `record ${id} is not at ${archivePath}:${String(start)}`);
}

/** Nothing is invented, everything up to the last whole line is committed, and the bad lines, no others, are set aside. */
function wrongGenerations(
  incarnations: readonly Incarnation[],
  archive: readonly ArchivedFile[],
  store: Store,
): readonly string[] {
  const rows = new Map(store.generations.map((row) => [row.archivePath, row]));
  const wrong = archive.flatMap(({ archivePath, bytes }) => {
    const row = rows.get(archivePath);
    rows.delete(archivePath);
    return faultsOfGeneration(
      incarnations.filter((one) => startsWith(one.bytes, bytes)),
      bytes,
      row,
    ).map((reason) => `${archivePath}: ${reason}`);
  });
  return [...wrong, ...[...rows.keys()].map((name) => `${name}: the store knows it, the archive does not`)];
}

function faultsOfGeneration(
  sources: readonly Incarnation[],
  bytes: Buffer,
  row: StoredGeneration | undefined,
): readonly string[] {
  if (sources.length === 0) return ['nobody has written what it holds'];
  const end = sources.some(({ kind }) => kind === 'blob') ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1;
  const { committed = 0, letters = [] } = row ?? {};
  const faults = committed === end ? [] : [`committed up to ${String(committed)} instead of ${String(end)}`];
  const isBlob = sources.some(({ kind }) => kind === 'blob');
  const expected = (isBlob ? [] : badLines(bytes)).map(rangeText);
  // Half a last line that will not grow is set aside as well; of a file that has grown under another name it may be.
  const tail = end < bytes.length ? rangeText({ start: end, end: bytes.length }) : null;
  if (tail !== null && sources.every((one) => one.bytes.length === bytes.length)) expected.push(tail);
  const given = letters.map(rangeText);
  const missing = expected.filter((range) => !given.includes(range));
  const surplus = given.filter((range) => !expected.includes(range) && range !== tail);
  if (missing.length > 0) faults.push(`no dead letter for ${missing.join(', ')}`);
  if (surplus.length > 0) faults.push(`dead letters for ${surplus.join(', ')}`);
  if (new Set(given).size < given.length) faults.push('a dead letter twice');
  return faults;
}

function rangeText({ start, end }: ByteRange): string {
  return `${String(start)}-${String(end)}`;
}

function startsWith(bytes: Buffer, beginning: Buffer): boolean {
  return bytes.length >= beginning.length && bytes.subarray(0, beginning.length).equals(beginning);
}

function idOf(line: string): string {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || !('uuid' in value)) return '';
  return typeof value.uuid === 'string' ? value.uuid : '';
}
