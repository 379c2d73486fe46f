/**
 * The lines of a mirror besides its rows, and how a mirror is read back: which state of each row it holds, and up to where the
 * last look at its database came.
 */
import { LineSplitter } from '../../core/line-splitter.ts';
import { rowName } from './row-line.ts';
import type { Since } from './conversation-rows.ts';

/** Where a look at a database ended. Written behind its rows, so that the next start need not read them again. */
export interface Pass {
  /** State of the database's files: the same again means that nothing was written. */
  readonly mark: string;
  readonly since: Since;
  /** Where the last look at all rows ended: what is behind it and far back was not looked at since. */
  readonly whole: Since;
  /** Rows that were changed too shortly before to be left out next time: hash and time by name. Null: for good. */
  readonly recent: Readonly<Record<string, readonly [hash: string, updated: number | null]>>;
}

export function passLine(pass: Pass): Buffer {
  return Buffer.from(`${JSON.stringify({ pass })}\n`);
}

/** The pass that stands in a line; null for any other line, and for one of a version that wrote it differently. */
export function parsePassLine(line: string): Pass | null {
  if (!line.startsWith('{"pass":')) return null;
  try {
    const { pass } = JSON.parse(line) as { readonly pass?: Partial<Pass> };
    const { mark, since, whole, recent } = pass ?? {};
    if (typeof mark !== 'string' || typeof recent !== 'object' || !isSince(since) || !isSince(whole)) return null;
    return { mark, since, whole, recent };
  } catch {
    // Cut short by a crash: then the pass before it counts, or none.
    return null;
  }
}

function isSince(since: Partial<Since> | undefined): since is Since {
  return typeof since?.updated === 'number' && typeof since.rowids === 'object';
}

const HASH_FIELD = ',"hash":"';
const HASH_LENGTH = 32;

/** Reads a file of a mirror from its start: the last state of each row that it holds. */
export class MirrorHashes {
  readonly byName = new Map<string, string>();
  readonly #lines = new LineSplitter(0, Number.MAX_SAFE_INTEGER);

  read(chunk: Buffer): void {
    for (const { bytes } of this.#lines.push(chunk)) {
      const head = bytes === null ? null : parseRowHead(bytes);
      if (head !== null) this.byName.set(head.name, head.hash);
    }
  }
}

/** Name and hash of the row in a line; null for a line that holds none. */
function parseRowHead(line: Buffer): { readonly name: string; readonly hash: string } | null {
  // Inside a string its quotes would be escaped: the first one is the field.
  const at = line.indexOf(HASH_FIELD);
  if (at < 0 || !line.subarray(0, 9).equals(Buffer.from('{"table":'))) return null;
  try {
    const head = JSON.parse(`${line.toString('utf8', 0, at)}}`) as {
      readonly table: string;
      readonly key: readonly string[];
    };
    const start = at + HASH_FIELD.length;
    return { name: rowName(head.table, head.key), hash: line.toString('latin1', start, start + HASH_LENGTH) };
  } catch {
    return null;
  }
}
