/** A Redis of the test's own, as somebody might run one already; plain, with an administrator who may do everything. */
import { createServer } from 'node:net';
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { Redis } from 'ioredis';
import { findServer } from '../../electron/engine/redis/find-server.ts';
import { exitOf, spawnPiped } from './child-process.ts';
import { waitUntil } from './wait-until.ts';
import { CLONE } from './workplace.ts';

export const STREAM = 'conversations:autosave';
export const GROUP = 'workers';

export class OwnRedis implements AsyncDisposable {
  readonly url: string;
  readonly admin: Redis;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;

  private constructor(url: string, admin: Redis, child: ChildProcess) {
    this.url = url;
    this.admin = admin;
    this.#child = child;
    this.#exited = exitOf(child);
  }

  /**
   * @param folder of the test; the server works in it
   * @param variables given to the server
   * @param shared folder of another server, whose files it then takes for its own
   */
  static async start(
    folder: string,
    variables: Readonly<Record<string, string>> = {},
    shared: string | null = null,
  ): Promise<OwnRedis> {
    const { server } = await findServer({
      platform: process.platform,
      arch: process.arch,
      env: { PATH: process.env['PATH'] },
      resourcesDirectory: path.join(CLONE, 'resources'),
    });
    if (server === null || server.origin === 'url') throw new Error('these tests need a redis-server or valkey-server');
    const directory = shared ?? path.join(folder, 'own-redis');
    await mkdir(directory, { recursive: true });
    const port = String(await freePort());
    const args = ['--bind', '127.0.0.1', '--port', port, '--requirepass', 'secret', '--save', '', '--dir', directory];
    if (shared !== null) args.push('--appendonly', 'yes');
    const env = { HOME: os.homedir(), ...server.libraryEnvironment, ...variables };
    const child = spawnPiped(server.executable, args, { env, cwd: directory });
    const admin = new Redis({ host: '127.0.0.1', port: Number(port), password: 'secret', lazyConnect: true });
    // It is asked again until it answers; every other failure shows in the answers.
    admin.on('error', () => undefined);
    const own = new OwnRedis(`redis://:secret@127.0.0.1:${port}`, admin, child);
    await waitUntil(
      () => admin.ping().catch(() => ''),
      (answer) => answer === 'PONG',
      'start of a Redis',
    );
    return own;
  }

  async length(): Promise<number> {
    return this.admin.xlen(STREAM);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.admin.disconnect();
    this.#child.kill('SIGTERM');
    await this.#exited;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
