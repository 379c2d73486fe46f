/** What a row of opencode needs from the rows that it belongs to. Reads their JSON, and expects nothing of it. */
import type { ForeignRow } from '../../core/foreign-database.ts';

type Json = Readonly<Record<string, unknown>>;

export interface SessionFacts {
  readonly id: string;
  readonly createdAt: number | null;
  readonly facts: Json;
}

export interface MessageFacts {
  readonly id: string;
  readonly role: string | null;
  readonly createdAt: number | null;
  readonly facts: Json;
}

/** Fields of a prompt's part that say what was asked; a pasted image would make the line as long as itself. */
const PROMPT_FIELDS = ['type', 'text', 'synthetic', 'ignored', 'prompt', 'filename', 'mime', 'auto'] as const;

export function sessionContext(id: string, row: ForeignRow | null): SessionFacts {
  const createdAt = numberOrNull(row?.['time_created']);
  const parent = textOrNull(row?.['parent_id']);
  const isRun = isOfRun(parse(row?.['permission']));
  return {
    id,
    createdAt,
    facts: { id, parent, directory: textOrNull(row?.['directory']), ...(isRun ? { isRun } : {}) },
  };
}

export function messageContext(id: string, row: ForeignRow | null): MessageFacts {
  const data = asObject(parse(row?.['data']));
  const role = textOrNull(data['role']);
  const parent = textOrNull(data['parentID']);
  const isSummary = data['summary'] === true;
  const time = asObject(data['time']);
  const createdAt = numberOrNull(time['created']);
  const isEnded = time['completed'] !== undefined || data['error'] !== undefined;
  const flags = { ...(isSummary ? { isSummary } : {}), ...(isEnded ? { isEnded } : {}) };
  return { id, role, createdAt, facts: { id, role, parent, ...flags } };
}

/** @param rows of the parts of a prompt's message */
export function promptParts(rows: readonly ForeignRow[]): readonly Json[] {
  return rows.map((row) => {
    const data = asObject(parse(row['data']));
    const told = PROMPT_FIELDS.flatMap((name) => (data[name] === undefined ? [] : [[name, data[name]] as const]));
    return { id: row['id'], updated: numberOrNull(row['time_updated']), ...Object.fromEntries(told) };
  });
}

/** `opencode run` forbids its sessions to ask back; nothing else does. */
function isOfRun(permission: unknown): boolean {
  if (!Array.isArray(permission)) return false;
  const denied = permission.map(asObject).filter((rule) => rule['action'] === 'deny');
  return denied.some((rule) => rule['permission'] === 'question');
}

function parse(value: unknown): unknown {
  if (typeof value !== 'string') return null;
  try {
    return JSON.parse(value);
  } catch {
    // The row is archived as it is; that its text is no JSON is found, and counted, where it is parsed.
    return null;
  }
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
