/** The files of a stored session as rows, in the order of the conversation: what was a file becomes a row with its text. */
import { isUtf8 } from 'node:buffer';
import type { ForeignRow } from '../../core/foreign-database.ts';
import { messageContext, promptParts, sessionContext } from './row-context.ts';
import { rowLine, type RowContext, type RowLine } from './row-line.ts';
import type { StoreFile, StoreFiles, StoredMessage, StoredSession } from './store-files.ts';

export interface StoreRows {
  readonly lines: readonly RowLine[];
  /** False when a file was being written: then the session is read again. */
  readonly isWhole: boolean;
}

/** Finds what a message is a copy of; null for none. */
export type OriginOf = (role: string | null, createdAt: number | null) => Promise<string | null>;

export async function storeRows(session: StoredSession, files: StoreFiles, originOf: OriginOf): Promise<StoreRows> {
  const lines: RowLine[] = [];
  const own = session.file === null ? null : await rowOf(session.file, files);
  const facts = sessionContext(session.id, own?.columns ?? null);
  let isWhole = own?.isWhole ?? true;
  if (own !== null) lines.push(line('session', session.id, own.row, null));
  for (const { file, parts } of session.messages) {
    const message = await rowOf(file, files);
    const known = await rowsOf(parts, files);
    if (message === null) continue;
    isWhole &&= message.isWhole && known.every(({ row }) => row.isWhole);
    const about = messageContext(file.id, message.columns);
    const isCopy = about.createdAt !== null && facts.createdAt !== null && about.createdAt < facts.createdAt;
    const copyOf = isCopy ? await originOf(about.role, about.createdAt) : null;
    const context = { session: facts.facts, message: about.facts, ...(copyOf === null ? {} : { copyOf }) };
    const own = about.role === 'user' ? promptParts(known.map(({ row }) => row.columns)) : undefined;
    lines.push(line('message', file.id, message.row, context, own));
    for (const { file: part, row } of known) lines.push(line('part', part.id, row.row, context));
  }
  return { lines, isWhole };
}

interface Read {
  /** As it is archived. */
  readonly row: ForeignRow;
  /** As the database would hold it. */
  readonly columns: ForeignRow;
  readonly isWhole: boolean;
}

async function rowsOf(
  parts: StoredMessage['parts'],
  files: StoreFiles,
): Promise<readonly { readonly file: StoreFile; readonly row: Read }[]> {
  const rows = await Promise.all(parts.map(async (file) => ({ file, row: await rowOf(file, files) })));
  return rows.flatMap(({ file, row }) => (row === null ? [] : [{ file, row }]));
}

async function rowOf(file: StoreFile, files: StoreFiles): Promise<Read | null> {
  const bytes = await files.read(file.name);
  if (bytes === null) return null;
  const text = isUtf8(bytes) ? bytes.toString('utf8') : null;
  const json = text === null ? null : parse(text);
  const columns = {
    id: file.id,
    data: text,
    parent_id: textOf(json?.['parentID']),
    directory: textOf(json?.['directory']),
    time_created: createdAt(json),
  };
  return { row: { file: file.name, data: text ?? bytes }, columns, isWhole: json !== null };
}

function line(
  table: string,
  id: string,
  row: ForeignRow,
  context: RowContext | null,
  parts?: readonly unknown[],
): RowLine {
  return rowLine({ table, key: [id], row, context, ...(parts === undefined ? {} : { parts }) });
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    // Written right now, or damaged: the caller looks again before it believes the second.
    return null;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function createdAt(json: Readonly<Record<string, unknown>> | null): number | null {
  const time = json?.['time'];
  const created = typeof time === 'object' && time !== null && 'created' in time ? time.created : null;
  return typeof created === 'number' ? created : null;
}
