import { ConfigError } from '../core/errors.ts';

interface Credentials {
  readonly username: string | null;
  /** Secret: never in a log, a state that leaves the process, or a command line. */
  readonly password: string | null;
  readonly database: number;
}

export interface SocketEndpoint extends Credentials {
  readonly kind: 'socket';
  readonly path: string;
}

export interface TcpEndpoint extends Credentials {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Where a Redis answers and how to be let in. */
export type RedisEndpoint = SocketEndpoint | TcpEndpoint;

const DEFAULT_PORT = 6379;
const TCP_SCHEMES: Readonly<Record<string, { readonly tls: boolean }>> = {
  'redis:': { tls: false },
  'valkey:': { tls: false },
  'rediss:': { tls: true },
  'valkeys:': { tls: true },
};

/**
 * Reads the value of `HOLDFAST_REDIS_URL`: `redis://[user[:password]@]host[:port][/database]`, `rediss://…` with TLS, or
 * `unix:///path/to/socket[?db=N]`.
 * Errors: CONFIG_INVALID. The message never repeats the address, which may hold a password.
 */
export function parseRedisUrl(text: string): RedisEndpoint {
  const url = parsedUrl(text);
  const credentials = { username: decoded(url.username), password: decoded(url.password) };
  if (url.protocol === 'unix:') {
    const path = decoded(url.pathname);
    if (path === null || path === '/') throw invalid();
    return { kind: 'socket', path, ...credentials, database: databaseNumber(url.searchParams.get('db') ?? '') };
  }
  const scheme = TCP_SCHEMES[url.protocol];
  if (scheme === undefined || url.hostname === '') throw invalid();
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const database = databaseNumber(url.pathname.replace(/^\//, ''));
  return { kind: 'tcp', host, port, tls: scheme.tls, ...credentials, database };
}

/** The address without its secrets, for people and the log. */
export function describeEndpoint(endpoint: RedisEndpoint): string {
  if (endpoint.kind === 'socket') return endpoint.path;
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `${endpoint.tls ? 'rediss' : 'redis'}://${host}:${endpoint.port}`;
}

function parsedUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw invalid();
  }
}

function decoded(part: string): string | null {
  if (part === '') return null;
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid();
  }
}

function databaseNumber(text: string): number {
  if (text === '') return 0;
  if (!/^\d{1,4}$/.test(text)) throw invalid();
  return Number(text);
}

function invalid(): ConfigError {
  return new ConfigError(
    'CONFIG_INVALID',
    'HOLDFAST_REDIS_URL is not the address of a Redis: write redis://host:port, rediss://host:port or unix:///path.',
  );
}
