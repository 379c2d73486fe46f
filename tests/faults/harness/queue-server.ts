/** The Redis behind a Holdfast: the one that it runs itself, or one that somebody else runs and that it was told of. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { findServer } from '../../../electron/engine/redis/find-server.ts';
import { isAlive, processesIn } from '../../support/child-process.ts';
import { freePort } from '../../support/redis-server.ts';
import { CLONE } from '../../support/workplace.ts';
import type { EpochPlace } from './epoch-place.ts';
import type { ServerAddress } from './server-address.ts';

export interface QueueServer {
  /** What Holdfast has to be told to find it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Null while it does not run. Never the number of a process that is not proved to be the server. */
  pid(): Promise<number | null>;
  /** Null while there is none. */
  address(): Promise<ServerAddress | null>;
  /** After it was killed: does what its keeper would do. */
  revive(): void;
  /** At the end. */
  end(): Promise<void>;
}

/** Started, restarted and ended by Holdfast. Its folder is where the damage is done. */
export class OwnServer implements QueueServer {
  readonly environment = {};
  readonly #place: EpochPlace;

  constructor(place: EpochPlace) {
    this.#place = place;
  }

  async pid(): Promise<number | null> {
    const record = z.object({ pid: z.number().int().min(2) });
    const text = await this.#read('server.json').catch(() => '');
    if (text === '') return null;
    const { pid } = record.parse(JSON.parse(text));
    return (await isServerIn(pid, this.#place.home)) ? pid : null;
  }

  /** As Holdfast gets at it, by the record and the password in its folder. */
  async address(): Promise<ServerAddress | null> {
    const record = z.object({ listen: z.object({ path: z.string() }) });
    const text = await this.#read('server.json').catch(() => '');
    if (text === '') return null;
    const { listen } = record.parse(JSON.parse(text));
    return { path: listen.path, username: 'app', password: (await this.#read('password')).trim() };
  }

  revive(): void {
    // Holdfast does.
  }

  /** One that was being started when Holdfast was killed is not on record: it is known by the folder that it works in. */
  async end(): Promise<void> {
    for (const pid of await processesIn(this.#place.home)) {
      if (await isServerIn(pid, this.#place.home)) process.kill(pid, 'SIGKILL');
    }
  }

  #read(name: string): Promise<string> {
    return readFile(path.join(this.#place.home, 'redis', name), 'utf8');
  }
}

const PASSWORD = 'secret';

/** Run by the harness, so that there is an administrator who may do what Holdfast's own server refuses. */
export class NamedServer implements QueueServer {
  readonly environment: Readonly<Record<string, string>>;
  readonly #port: number;
  readonly #launch: () => ChildProcess;
  #child: ChildProcess;

  private constructor(port: number, launch: () => ChildProcess) {
    this.environment = { HOLDFAST_REDIS_URL: `redis://:${PASSWORD}@127.0.0.1:${String(port)}` };
    this.#port = port;
    this.#launch = launch;
    this.#child = launch();
  }

  static async start(place: EpochPlace): Promise<NamedServer> {
    const { server } = await findServer({
      platform: process.platform,
      arch: process.arch,
      env: { PATH: process.env['PATH'] },
      resourcesDirectory: path.join(CLONE, 'resources'),
    });
    if (server === null || server.origin === 'url')
      throw new Error('The harness needs a redis-server or valkey-server.');
    const directory = path.join(place.root, 'named');
    mkdirSync(directory);
    const port = await freePort();
    const listen = ['--bind', '127.0.0.1', '--port', String(port), '--requirepass', PASSWORD];
    const kept = ['--dir', directory, '--appendonly', 'yes', '--save', ''];
    const env = { HOME: os.homedir(), ...server.libraryEnvironment };
    return new NamedServer(port, () =>
      spawn(server.executable, [...listen, ...kept], { env, cwd: directory, stdio: 'ignore' }),
    );
  }

  pid(): Promise<number | null> {
    const { pid, exitCode, signalCode } = this.#child;
    return Promise.resolve(exitCode === null && signalCode === null ? (pid ?? null) : null);
  }

  address(): Promise<ServerAddress> {
    return Promise.resolve({ host: '127.0.0.1', port: this.#port, password: PASSWORD });
  }

  revive(): void {
    this.#child = this.#launch();
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }
}

/** The number may belong to somebody else by now. */
async function isServerIn(pid: number, folder: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const [cwd, command] = await Promise.all([
    readlink(`/proc/${String(pid)}/cwd`).catch(() => ''),
    readFile(`/proc/${String(pid)}/cmdline`, 'utf8').catch(() => ''),
  ]);
  return cwd.startsWith(`${folder}${path.sep}`) && /(?:redis|valkey)-server/.test(command);
}
