import { readFile, rm } from 'node:fs/promises';
import { writeFileAtomic } from '../core/atomic-file.ts';
import { systemErrorCode } from '../core/errors.ts';

/**
 * What is remembered of the server that was started, for the start after a crash:
 * `{"pid":71,"executable":"/usr/bin/redis-server","startTime":"…","runId":"0c1…","listen":{"kind":"socket","path":"…"},
 * "directory":"…","configDigest":"…"}`.
 */
export interface ServerRecord {
  readonly pid: number;
  /** As the system names it, see process-identity.ts. */
  readonly executable: string;
  readonly startTime: string;
  /** Redis' own name of this run; null until it has answered. */
  readonly runId: string | null;
  readonly listen: { readonly kind: 'socket'; readonly path: string } | { readonly kind: 'tcp'; readonly port: number };
  readonly directory: string;
  /** sha256 of the configuration it was started with. */
  readonly configDigest: string;
}

export async function writeServerRecord(file: string, record: ServerRecord): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(record)}\n`);
}

/** Null when there is none, or what is there is not a record: nothing may be concluded from half of one. */
export async function readServerRecord(file: string): Promise<ServerRecord | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
  return parseServerRecord(text);
}

export async function removeServerRecord(file: string): Promise<void> {
  await rm(file, { force: true });
}

export function parseServerRecord(text: string): ServerRecord | null {
  const value = fieldsOf(parseJson(text));
  if (value === null) return null;
  const { pid, executable, startTime, runId, directory, configDigest } = value;
  const listen = parseListen(value['listen']);
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 2) return null;
  if (typeof executable !== 'string' || typeof startTime !== 'string') return null;
  if (typeof directory !== 'string' || typeof configDigest !== 'string' || listen === null) return null;
  return {
    pid,
    executable,
    startTime,
    runId: typeof runId === 'string' ? runId : null,
    listen,
    directory,
    configDigest,
  };
}

function parseListen(value: unknown): ServerRecord['listen'] | null {
  const listen = fieldsOf(value);
  if (listen === null) return null;
  const { kind, path, port } = listen;
  if (kind === 'socket' && typeof path === 'string') return { kind, path };
  if (kind === 'tcp' && typeof port === 'number' && port > 0 && port < 65_536) return { kind, port };
  return null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null ? { ...value } : null;
}
