/**
 * Compares one transcript on disk with the archive, byte for byte, and the archive with the database, record for record.
 * Looks at what is there, not at what should be there according to positions.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { LineOutcome } from '../../../shared/record.ts';
import { systemErrorCode } from '../core/errors.ts';
import { LineSplitter, type Line } from '../core/line-splitter.ts';

export interface FileToCheck {
  readonly archivePath: string;
  /** Null: the source is gone or belongs to a later generation; only the archive is checked. */
  readonly sourcePath: string | null;
  readonly kind: 'lines' | 'blob';
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
  readonly parseLine: (archivePath: string, line: Buffer) => LineOutcome;
  readonly hasRecord: (archivePath: string, key: string) => boolean;
  /** Whether the byte stands in a range that was set aside. */
  readonly isSetAside: (archivePath: string, at: number) => boolean;
  readonly maxLineBytes: number;
}

export function checkFile(file: FileToCheck, ports: FileCheckPorts): FileCheck {
  const archived = ports.archiveSize(file.archivePath);
  const source =
    file.sourcePath === null ? null : compareSource(file.sourcePath, file.archivePath, archived ?? 0, ports);
  const records =
    file.kind === 'blob' || archived === null ? NO_RECORDS : checkRecords(file.archivePath, archived, ports);
  return {
    bytes: Math.max(archived ?? 0, source?.bytes ?? 0),
    ...records,
    missingFrom: source?.missingFrom ?? (archived === null && source !== null && source.unreadable === null ? 0 : null),
    unreadable: source?.unreadable ?? null,
  };
}

const NO_RECORDS = { records: 0, quarantined: 0, missingRecords: [] } as const;

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

function checkRecords(
  archivePath: string,
  archived: number,
  ports: FileCheckPorts,
): Pick<FileCheck, 'records' | 'quarantined' | 'missingRecords'> {
  const splitter = new LineSplitter(0, ports.maxLineBytes);
  const missingRecords: string[] = [];
  let records = 0;
  let quarantined = 0;
  const check = (line: Line): void => {
    const parsed = line.bytes === null ? 'too-long' : ports.parseLine(archivePath, line.bytes);
    if (parsed !== 'too-long' && parsed.outcome === 'blank') return;
    if (parsed !== 'too-long' && parsed.outcome === 'record') {
      records += 1;
      if (ports.hasRecord(archivePath, parsed.record.key)) return;
      // A segment that could not be saved is set aside as a whole, good lines included.
      if (ports.isSetAside(archivePath, line.start)) quarantined += 1;
      else missingRecords.push(parsed.record.key);
      return;
    }
    if (ports.isSetAside(archivePath, line.start)) quarantined += 1;
    else missingRecords.push(`${archivePath}@${line.start}`);
  };
  ports.readChunks(archivePath, 0, archived, (chunk) => {
    for (const line of splitter.push(chunk)) check(line);
  });
  // A last line without its newline may still grow: it counts only once it was set aside.
  const { start, end } = splitter.rest;
  if (end > start && ports.isSetAside(archivePath, start)) quarantined += 1;
  return { records, quarantined, missingRecords };
}
