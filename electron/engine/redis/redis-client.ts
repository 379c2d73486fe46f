/**
 * One connection to Redis for the stages. It lives once: when it is lost every call on it fails and a new one is made
 * by whoever watches the supervisor's state. Nothing is queued, repeated or reconnected here, because a write repeated in
 * silence is a duplicate and a read repeated in silence is a gap.
 */
import { Redis, type RedisOptions } from 'ioredis';
import { Emitter } from '../core/emitter.ts';
import { StreamError } from '../core/errors.ts';
import { describeEndpoint, type RedisEndpoint } from './redis-endpoint.ts';

export interface StreamConnection {
  /**
   * Sends one command.
   * Errors: STREAM_UNAVAILABLE. `context.replyCode` is the first word of Redis' own refusal (`NOGROUP`, `BUSYGROUP`,
   * `OOM`, `MISCONF`, `LOADING`, `NOPERM`, `ERR` …), or null when the link is the problem.
   */
  call(command: string, ...args: readonly (string | number | Buffer)[]): Promise<unknown>;
  /** Sends several at once; replies in their order. Rejects with the first error when any of them failed. */
  pipeline(commands: readonly (readonly (string | number | Buffer)[])[]): Promise<readonly unknown[]>;
  /** Calls once when the connection ends, whoever ended it; at once when it has ended already. */
  onClose(listener: () => void): Disposable;
  /** Disconnects without waiting for anybody; what is under way, a blocking read too, is rejected. Idempotent. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Shown by CLIENT LIST: letters, digits, dashes. */
  readonly name: string;
  /** Bound for connecting and being let in. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Bound for each command; null for a connection that does blocking reads. Default 10,000. */
  readonly commandTimeoutMs?: number | null;
}

const CONNECT_TIMEOUT_MS = 5000;
const COMMAND_TIMEOUT_MS = 10_000;
/** Refusals that may pass: by themselves, when memory or disk is freed, or after a group is made again. */
const PASSING_REFUSALS: ReadonlySet<string> = new Set([
  'BUSY',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOGROUP',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
]);

/**
 * Connects and logs in. Resolves although the server is still loading its data: commands are then refused with `LOADING`.
 * Errors: STREAM_UNAVAILABLE, with `context.replyCode` `WRONGPASS`, `NOAUTH` or `NOPERM` when the server refuses us and with
 * `context.systemCode` (`ENOENT`, `ECONNREFUSED` …) when nobody listens.
 */
export async function connectRedis(endpoint: RedisEndpoint, options: ConnectOptions): Promise<StreamConnection> {
  const redis = new Redis(clientOptions(endpoint, options));
  let lastError: unknown = null;
  redis.on('error', (error: unknown) => {
    lastError = error;
  });
  const timeout = AbortSignal.timeout(options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
  const abandon = (): void => {
    lastError ??= timeout.reason;
    disconnect(redis);
  };
  timeout.addEventListener('abort', abandon);
  try {
    await redis.connect();
    return new RedisConnection(redis, endpoint);
  } catch (error) {
    disconnect(redis);
    throw toStreamError(lastError ?? error, endpoint);
  } finally {
    timeout.removeEventListener('abort', abandon);
  }
}

class RedisConnection implements StreamConnection {
  readonly #redis: Redis;
  readonly #endpoint: RedisEndpoint;
  readonly #closed = new Emitter<void>();
  #isClosed = false;

  constructor(redis: Redis, endpoint: RedisEndpoint) {
    this.#redis = redis;
    this.#endpoint = endpoint;
    redis.once('end', () => {
      this.#isClosed = true;
      this.#closed.emit();
    });
  }

  async call(command: string, ...args: readonly (string | number | Buffer)[]): Promise<unknown> {
    try {
      return await this.#redis.call(command, ...args);
    } catch (error) {
      throw toStreamError(error, this.#endpoint);
    }
  }

  async pipeline(commands: readonly (readonly (string | number | Buffer)[])[]): Promise<readonly unknown[]> {
    const pipeline = this.#redis.pipeline();
    for (const [command, ...args] of commands) pipeline.call(String(command), ...args);
    const results = await this.#execute(pipeline);
    const failed = results.find(([error]) => error !== null);
    if (failed !== undefined) throw toStreamError(failed[0], this.#endpoint);
    return results.map(([, reply]) => reply);
  }

  onClose(listener: () => void): Disposable {
    if (!this.#isClosed) return this.#closed.on(listener);
    listener();
    return { [Symbol.dispose]: () => undefined };
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#closed.on(resolve);
      disconnect(this.#redis);
    });
  }

  async #execute(pipeline: ReturnType<Redis['pipeline']>): Promise<readonly [Error | null, unknown][]> {
    try {
      return (await pipeline.exec()) ?? [];
    } catch (error) {
      throw toStreamError(error, this.#endpoint);
    }
  }
}

function clientOptions(endpoint: RedisEndpoint, options: ConnectOptions): Omit<RedisOptions, 'replyMapping'> {
  const commandTimeoutMs = options.commandTimeoutMs === undefined ? COMMAND_TIMEOUT_MS : options.commandTimeoutMs;
  const address =
    endpoint.kind === 'socket'
      ? { path: endpoint.path }
      : { host: endpoint.host, port: endpoint.port, ...(endpoint.tls ? { tls: {} } : {}) };
  return {
    ...address,
    ...(endpoint.username === null ? {} : { username: endpoint.username }),
    ...(endpoint.password === null ? {} : { password: endpoint.password }),
    ...(commandTimeoutMs === null ? {} : { commandTimeout: commandTimeoutMs }),
    db: endpoint.database,
    connectionName: options.name,
    connectTimeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    lazyConnect: true,
    retryStrategy: null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // Whether data is still being loaded is for the supervisor to see, not a reason to wait in here.
    enableReadyCheck: false,
    // CLIENT SETINFO is unknown to servers before 7.2 and not granted by the access list.
    disableClientInfo: true,
    // Replies in one shape from 6.2 to 8: protocol 3 turns some of them into maps.
    protocol: 2,
  };
}

/** A polite end waits for the other side, and a stopped server never answers; so the socket is destroyed too. */
function disconnect(redis: Redis): void {
  redis.disconnect();
  redis.stream?.destroy();
}

function toStreamError(error: unknown, endpoint: RedisEndpoint): StreamError {
  const replyCode = replyCodeOf(error);
  const systemCode = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
  const address = describeEndpoint(endpoint);
  const message =
    replyCode === null ? `Redis at ${address} could not be reached.` : `Redis at ${address} refused: ${replyCode}.`;
  return new StreamError('STREAM_UNAVAILABLE', message, {
    cause: error,
    retryable: replyCode === null || PASSING_REFUSALS.has(replyCode),
    context: { replyCode, systemCode },
  });
}

function replyCodeOf(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return null;
  return /^-?([A-Z][A-Z0-9_]*)\b/.exec(error.message)?.[1] ?? 'ERR';
}
