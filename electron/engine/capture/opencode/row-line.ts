/**
 * A row of a database as one line of JSON, so that it can be archived like a line of a transcript. Nothing is lost on the
 * way: what JSON cannot hold as it is stands in an object with one `$` field.
 */
import { createHash } from 'node:crypto';
import type { ForeignRow, ForeignValue } from '../../core/foreign-database.ts';

/** What a row needs to be understood by itself: facts of the rows that it belongs to, as they were when it was read. */
export type RowContext = Readonly<Record<string, unknown>>;

export interface RowToWrite {
  readonly table: string;
  /** Values of the primary key. */
  readonly key: readonly ForeignValue[];
  readonly row: ForeignRow;
  /** Null: the row needs none. What it says may change without making the row a new one, */
  readonly context: RowContext | null;
  /** but not this part of it; absent: there is none. */
  readonly parts?: readonly unknown[];
}

export interface RowLine {
  /** Names the row in its database. */
  readonly name: string;
  /** 32 hex digits over row and parts: the same again means that there is nothing new. */
  readonly hash: string;
  /** With its newline. */
  readonly bytes: Buffer;
}

export function rowName(table: string, key: readonly ForeignValue[]): string {
  return JSON.stringify([table, ...key.map(encodeValue)]);
}

export function rowLine({ table, key, row, context, parts }: RowToWrite): RowLine {
  const columns = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, encodeValue(value)]));
  const own = JSON.stringify(parts === undefined ? { row: columns } : { row: columns, parts });
  const hash = createHash('sha256').update(own).digest('hex').slice(0, 32);
  const head = JSON.stringify({ table, key: key.map(encodeValue), hash });
  const tail = context === null ? own.slice(1) : `${own.slice(1, -1)},${JSON.stringify({ with: context }).slice(1)}`;
  return { name: rowName(table, key), hash, bytes: Buffer.from(`${head.slice(0, -1)},${tail}\n`) };
}

/** Bytes → `{"$base64": …}`, integers over 2^53 → `{"$integer": …}`, infinities → `{"$real": …}`, all else as it is. */
function encodeValue(value: ForeignValue): unknown {
  if (Buffer.isBuffer(value)) return { $base64: value.toString('base64') };
  if (typeof value === 'bigint') return { $integer: value.toString() };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $real: String(value) };
  return value;
}
