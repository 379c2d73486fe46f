import { realpath } from 'node:fs/promises';
import { StreamError } from '../core/errors.ts';
import { connectRedis, type StreamConnection } from './redis-client.ts';
import type { RedisEndpoint } from './redis-endpoint.ts';
import { parseInfo } from './server-facts.ts';

/** What an address turned out to be. */
export type Inspection =
  | {
      readonly kind: 'answers';
      /** Stays open for the caller. */
      readonly connection: StreamConnection;
      readonly runId: string;
      readonly version: string;
      readonly pid: number | null;
    }
  /** Somebody answers and does not let us in, or is no Redis. */
  | { readonly kind: 'refuses'; readonly reason: string }
  /** Takes the connection and says nothing. */
  | { readonly kind: 'silent' }
  /** Nobody listens. */
  | { readonly kind: 'absent' };

export interface InspectOptions {
  readonly name: string;
  readonly timeoutMs: number;
}

const NOBODY_LISTENS: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR']);

/** Connects, logs in and asks who it is; INFO is answered during loading too. Never rejects for what a server does. */
export async function inspectServer(endpoint: RedisEndpoint, options: InspectOptions): Promise<Inspection> {
  let connection: StreamConnection | null = null;
  try {
    connection = await connectRedis(endpoint, {
      name: options.name,
      connectTimeoutMs: options.timeoutMs,
      commandTimeoutMs: options.timeoutMs,
    });
    const info = parseInfo(await connection.call('INFO', 'server'));
    const pid = Number(info.get('process_id'));
    return {
      kind: 'answers',
      connection,
      runId: info.get('run_id') ?? '',
      version: info.get('redis_version') ?? '0',
      pid: Number.isSafeInteger(pid) && pid > 1 ? pid : null,
    };
  } catch (error) {
    await connection?.close();
    return failedInspection(error);
  }
}

/** True when the server works in this directory; it accepted our password before, so this tells it from a copy. */
export async function worksIn(connection: StreamConnection, directory: string): Promise<boolean> {
  const reply = await connection.call('CONFIG', 'GET', 'dir');
  const found: unknown = Array.isArray(reply) ? reply[1] : null;
  return typeof found === 'string' && (await samePath(found, directory));
}

async function samePath(a: string, b: string): Promise<boolean> {
  try {
    return (await realpath(a)) === (await realpath(b));
  } catch {
    // A directory that is gone is not one to share.
    return false;
  }
}

function failedInspection(error: unknown): Inspection {
  if (!(error instanceof StreamError)) throw error;
  const { replyCode, systemCode } = error.context;
  if (typeof replyCode === 'string') return { kind: 'refuses', reason: replyCode };
  if (typeof systemCode === 'string' && NOBODY_LISTENS.has(systemCode)) return { kind: 'absent' };
  return error.cause instanceof Error && error.cause.name === 'ParserError'
    ? { kind: 'refuses', reason: 'not a Redis' }
    : { kind: 'silent' };
}
