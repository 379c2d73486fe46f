/**
 * Compares one transcript on disk with the archive, byte for byte, and the archive with the database, record for record.
 * Looks at what is there, not at what should be there according to positions.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Marks } from '../../../shared/marks.ts';
import type { DocumentOutcome, LineOutcome, LinePlace } from '../../../shared/record.ts';
import { systemErrorCode } from '../core/errors.ts';
import { LineSplitter, type Line } from '../core/line-splitter.ts';

export interface FileToCheck {
  readonly archivePath: string;
  /** Null: the source is gone or belongs to a later generation; only the archive is checked. */
  readonly sourcePath: string | null;
  /** `rows`: a database, compared by {@link rowsCheck}; its mirror's files are checked as lines, each for itself. */
  readonly kind: 'lines' | 'document' | 'blob' | 'rows';
}

export interface FileCheck {
  readonly bytes: number;
  readonly records: number;
  readonly quarantined: number;
  /** First byte of the source that the archive does not hold; null when it holds all. */
  readonly missingFrom: number | null;
  /** Records and malformed ranges of the archive that the database does not know. */
  readonly missingRecords: readonly string[];
  /** Why the source could not be read; null when it could. */
  readonly unreadable: string | null;
}

export interface FileCheckPorts {
  readonly archiveSize: (archivePath: string) => number | null;
  readonly readChunks: (archivePath: string, start: number, end: number, use: (chunk: Buffer) => void) => void;
  /** Reads a line as saving does. @returns also what is remembered after it */
  readonly parseLine: (
    archivePath: string,
    line: Buffer,
    place: LinePlace,
  ) => { readonly parsed: LineOutcome; readonly marks: Marks };
  readonly parseDocument: (archivePath: string, bytes: Buffer) => DocumentOutcome;
  readonly hasRecord: (archivePath: string, key: string) => boolean;
  /** Whether the byte stands in a range that was set aside. */
  readonly isSetAside: (archivePath: string, at: number) => boolean;
  readonly maxLineBytes: number;
}

export function checkFile(file: FileToCheck, ports: FileCheckPorts): FileCheck {
  const archived = ports.archiveSize(file.archivePath);
  const source =
    file.sourcePath === null ? null : compareSource(file.sourcePath, file.archivePath, archived ?? 0, ports);
  const records = archived === null ? NO_RECORDS : CHECKS[file.kind](file.archivePath, archived, ports);
  return {
    bytes: Math.max(archived ?? 0, source?.bytes ?? 0),
    ...records,
    missingFrom: source?.missingFrom ?? (archived === null && source !== null && source.unreadable === null ? 0 : null),
    unreadable: source?.unreadable ?? null,
  };
}

/** What a comparison of a database with its mirror has found, in the terms of a file. */
export function rowsCheck(found: {
  readonly bytes: number;
  /** Rows that the mirror does not hold as they are. */
  readonly missing: readonly string[];
  readonly unreadable: string | null;
}): FileCheck {
  const { bytes, missing, unreadable } = found;
  return { ...NO_RECORDS, bytes, missingFrom: null, missingRecords: missing, unreadable };
}

type RecordCheck = Pick<FileCheck, 'records' | 'quarantined' | 'missingRecords'>;

const NO_RECORDS: RecordCheck = { records: 0, quarantined: 0, missingRecords: [] };
const CHECKS = { lines: checkLines, document: checkDocument, blob: () => NO_RECORDS, rows: () => NO_RECORDS } as const;

interface SourceComparison {
  readonly bytes: number;
  readonly missingFrom: number | null;
  readonly unreadable: string | null;
}

function compareSource(
  sourcePath: string,
  archivePath: string,
  archived: number,
  ports: FileCheckPorts,
): SourceComparison {
  let fd: number;
  try {
    fd = openSync(sourcePath, 'r');
  } catch (error) {
    const code = systemErrorCode(error) ?? 'unreadable';
    // Gone since the list was made: then only what was archived counts.
    return { bytes: 0, missingFrom: null, unreadable: code === 'ENOENT' ? null : code };
  }
  try {
    const { size } = fstatSync(fd);
    return { bytes: size, missingFrom: firstDifference(fd, size, archivePath, archived, ports), unreadable: null };
  } finally {
    closeSync(fd);
  }
}

function firstDifference(
  fd: number,
  size: number,
  archivePath: string,
  archived: number,
  ports: FileCheckPorts,
): number | null {
  let at = 0;
  let difference: number | null = null;
  ports.readChunks(archivePath, 0, Math.min(size, archived), (mine) => {
    if (difference !== null) return;
    const theirs = Buffer.allocUnsafe(mine.length);
    const read = readSync(fd, theirs, 0, theirs.length, at);
    if (read === mine.length && theirs.equals(mine)) at += mine.length;
    else difference = at + commonLength(mine, theirs.subarray(0, read));
  });
  if (difference !== null) return difference;
  return size > archived ? archived : null;
}

function commonLength(one: Buffer, other: Buffer): number {
  const end = Math.min(one.length, other.length);
  for (let i = 0; i < end; i += 1) if (one[i] !== other[i]) return i;
  return end;
}

/** What is found in one file, counted. */
class RecordCount implements RecordCheck {
  readonly missingRecords: string[] = [];
  records = 0;
  quarantined = 0;
  readonly #archivePath: string;
  readonly #ports: FileCheckPorts;

  constructor(archivePath: string, ports: FileCheckPorts) {
    this.#archivePath = archivePath;
    this.#ports = ports;
  }

  get result(): RecordCheck {
    const { records, quarantined, missingRecords } = this;
    return { records, quarantined, missingRecords };
  }

  /** @param start of the line or the document that holds it */
  record(key: string, start: number): void {
    this.records += 1;
    // A segment that could not be saved is set aside as a whole, good lines included.
    if (!this.#ports.hasRecord(this.#archivePath, key)) this.#setAside(start, key);
  }

  malformed(start: number): void {
    this.#setAside(start, `${this.#archivePath}@${start}`);
  }

  #setAside(start: number, name: string): void {
    if (this.#ports.isSetAside(this.#archivePath, start)) this.quarantined += 1;
    else this.missingRecords.push(name);
  }
}

function checkLines(archivePath: string, archived: number, ports: FileCheckPorts): RecordCheck {
  const splitter = new LineSplitter(0, ports.maxLineBytes);
  const count = new RecordCount(archivePath, ports);
  let marks: Marks = {};
  ports.readChunks(archivePath, 0, archived, (chunk) => {
    for (const line of splitter.push(chunk)) marks = checkLine(line, marks, archivePath, ports, count);
  });
  // A last line without its newline may still grow: it counts only once it was set aside.
  const { start, end } = splitter.rest;
  if (end > start && ports.isSetAside(archivePath, start)) count.malformed(start);
  return count.result;
}

/** @returns what is remembered after the line */
function checkLine(line: Line, before: Marks, archivePath: string, ports: FileCheckPorts, count: RecordCount): Marks {
  if (line.bytes === null) {
    count.malformed(line.start);
    return before;
  }
  const { parsed, marks } = ports.parseLine(archivePath, line.bytes, { start: line.start, marks: before });
  if (parsed.outcome === 'malformed') count.malformed(line.start);
  if (parsed.outcome === 'record') count.record(parsed.record.key, line.start);
  if (parsed.outcome === 'records') for (const { record } of parsed.records) count.record(record.key, line.start);
  return marks;
}

function checkDocument(archivePath: string, archived: number, ports: FileCheckPorts): RecordCheck {
  const count = new RecordCount(archivePath, ports);
  if (archived === 0) return count.result;
  const parsed =
    archived > ports.maxLineBytes
      ? TOO_LONG
      : ports.parseDocument(archivePath, wholeBytes(archivePath, archived, ports));
  if (parsed.outcome === 'malformed') {
    count.malformed(0);
    return count.result;
  }
  for (const item of parsed.records) {
    if ('record' in item) count.record(item.record.key, 0);
    else count.malformed(item.offset);
  }
  return count.result;
}

const TOO_LONG = { outcome: 'malformed', reason: 'too-long' } as const;

function wholeBytes(archivePath: string, archived: number, ports: FileCheckPorts): Buffer {
  const chunks: Buffer[] = [];
  ports.readChunks(archivePath, 0, archived, (chunk) => chunks.push(Buffer.from(chunk)));
  return Buffer.concat(chunks);
}
