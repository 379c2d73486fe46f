/** A Redis without access rules, so that a test can do to it what no user of ours may. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis, type StreamConnection } from '../../redis/redis-client.ts';
import type { RedisEndpoint } from '../../redis/redis-endpoint.ts';
import { killed, localServer } from '../../redis/test-support/redis-test-bed.ts';
import { RedisSegmentQueue } from '../redis-segment-queue.ts';

const STARTS_WITHIN_MS = 10_000;

export class PlainRedis implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #endpoint: RedisEndpoint;
  readonly #connections: StreamConnection[] = [];

  private constructor(child: ChildProcess, directory: string, endpoint: RedisEndpoint) {
    this.#child = child;
    this.#directory = directory;
    this.#endpoint = endpoint;
  }

  static async start(): Promise<PlainRedis> {
    const { executable, libraryEnvironment } = await localServer();
    const directory = await mkdtemp(path.join(os.tmpdir(), 'holdfast-stream-test-'));
    const socket = path.join(directory, 'r.sock');
    const child = spawn(executable, ['--port', '0', '--unixsocket', socket, '--dir', directory, '--save', ''], {
      stdio: 'ignore',
      env: { ...libraryEnvironment },
    });
    await once(child, 'spawn');
    const endpoint = { kind: 'socket', path: socket, username: null, password: null, database: 0 } as const;
    const redis = new PlainRedis(child, directory, endpoint);
    await redis.#untilReady();
    return redis;
  }

  /** @param commandTimeoutMs bound for each command; null: none */
  async connect(commandTimeoutMs: number | null = null): Promise<StreamConnection> {
    const connection = await connectRedis(this.#endpoint, { name: 'test', commandTimeoutMs });
    this.#connections.push(connection);
    return connection;
  }

  /** A queue on connections of its own, as after a restart of the program. */
  async queue(consumer = 'worker-1'): Promise<RedisSegmentQueue> {
    return new RedisSegmentQueue({ commands: await this.connect(), blocking: await this.connect(), consumer });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) await connection.close();
    await killed(this.#child);
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #untilReady(): Promise<void> {
    const end = performance.now() + STARTS_WITHIN_MS;
    for (;;) {
      try {
        const connection = await this.connect();
        await connection.call('PING');
        return;
      } catch (error) {
        if (performance.now() > end) throw error;
        await sleep(20);
      }
    }
  }
}
