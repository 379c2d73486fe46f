/** What stands in archived bytes, found without any code of the product: lines end at a newline, a record has a uuid. */
import { POISON } from './model-store.ts';

export interface ReadLine {
  readonly start: number;
  readonly end: number;
  /** Id of the record in it; null for none. */
  readonly uuid: string | null;
  readonly kind: 'record' | 'blank' | 'bad' | 'poison';
}

export interface Reading {
  readonly lines: readonly ReadLine[];
  /** After the last newline; null when there is nothing. */
  readonly tail: ReadLine | null;
  /** End of the last line. */
  readonly end: number;
}

const NEWLINE = 0x0a;
const RECORD_START = '{"parentUuid":';

/** @param offset position of the first byte in its file */
export function readTranscript(bytes: Buffer, offset = 0): Reading {
  const lines: ReadLine[] = [];
  let start = 0;
  for (let newline = bytes.indexOf(NEWLINE); newline !== -1; newline = bytes.indexOf(NEWLINE, start)) {
    lines.push(readLine(bytes.subarray(start, newline), offset + start, offset + newline + 1));
    start = newline + 1;
  }
  const tail = start === bytes.length ? null : readLine(bytes.subarray(start), offset + start, offset + bytes.length);
  return { lines, tail, end: offset + start };
}

function readLine(line: Buffer, start: number, end: number): ReadLine {
  if (line.includes(POISON)) return { start, end, uuid: null, kind: 'poison' };
  if (line.toString('latin1').trim() === '') return { start, end, uuid: null, kind: 'blank' };
  const uuid = uuidIn(line);
  return uuid === null ? { start, end, uuid: salvagedFrom(line), kind: 'bad' } : { start, end, uuid, kind: 'record' };
}

function uuidIn(line: Buffer): string | null {
  if (line.includes(0)) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
    return typeof value === 'object' && value !== null && 'uuid' in value ? String(value.uuid) : null;
  } catch {
    return null; // Not text, or not JSON: a bad line, which is an answer here and no failure.
  }
}

/** A whole record that stands at the end of a damaged line. */
function salvagedFrom(line: Buffer): string | null {
  const clean = Buffer.from(line.filter((byte) => byte !== 0));
  for (let at = clean.indexOf(RECORD_START); at !== -1; at = clean.indexOf(RECORD_START, at + 1)) {
    const uuid = uuidIn(clean.subarray(at));
    if (uuid !== null) return uuid;
  }
  return null;
}
