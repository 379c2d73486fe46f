/** A place for one test with real servers: folders, supervisors, processes, all of which end with the test. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { findServer, type LocalServer, type ServerSearch } from '../find-server.ts';
import { readProcessIdentity } from '../process-identity.ts';
import { connectRedis, type StreamConnection } from '../redis-client.ts';
import type { RedisState } from '../redis-state.ts';
import { RedisSupervisor, type RedisSupervisorOptions } from '../redis-supervisor.ts';
import { runCommand } from '../run-command.ts';
import { parseServerRecord, type ServerRecord } from '../server-record.ts';
import type { SupervisorTimings } from '../supervisor-timings.ts';

export type ReadyState = Extract<RedisState, { readonly kind: 'ready' }>;

/** Everything that takes seconds in use takes a moment here; the order of things is the same. */
export const FAST: Partial<SupervisorTimings> = {
  pingEveryMs: 50,
  pingTimeoutMs: 400,
  hungGraceMs: 300,
  backoffFirstMs: 20,
  backoffMostMs: 100,
  retryWhenFailedMs: 50,
  lookAgainMs: 50,
};

const IDENTITY = { platform: process.platform, run: runCommand, env: {} };

export async function searchServer(): Promise<ServerSearch> {
  return findServer({
    platform: process.platform,
    arch: process.arch,
    env: { PATH: process.env['PATH'] },
    resourcesDirectory: path.resolve(import.meta.dirname, '../../../../resources'),
  });
}

export async function localServer(): Promise<LocalServer> {
  const { server } = await searchServer();
  if (server === null || server.origin === 'url') throw new Error('these tests need a redis-server or valkey-server');
  return server;
}

export class RedisTestBed implements AsyncDisposable {
  readonly directory: string;
  readonly #supervisors: RedisSupervisor[] = [];
  readonly #connections: StreamConnection[] = [];
  readonly #children: ChildProcess[] = [];
  readonly #cleanups: (() => Promise<unknown>)[] = [];

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<RedisTestBed> {
    return new RedisTestBed(await mkdtemp(path.join(os.tmpdir(), 'holdfast-redis-test-')));
  }

  /** `<HOLDFAST_HOME>/redis` */
  get redisDirectory(): string {
    return path.join(this.directory, 'redis');
  }

  get socketPath(): string {
    return path.join(this.redisDirectory, 'run', 'r.sock');
  }

  supervisor(options: Partial<RedisSupervisorOptions> = {}): RedisSupervisor {
    const supervisor = new RedisSupervisor({
      directory: this.redisDirectory,
      find: searchServer,
      platform: process.platform,
      env: {},
      temporaryDirectory: os.tmpdir(),
      userId: process.getuid?.() ?? null,
      clock: systemClock,
      logger: silentLogger,
      random: () => 0.5,
      ...options,
      timings: { ...FAST, ...options.timings },
    });
    this.#supervisors.push(supervisor);
    return supervisor;
  }

  async started(options: Partial<RedisSupervisorOptions> = {}): Promise<RedisSupervisor> {
    const supervisor = this.supervisor(options);
    await supervisor.start(new AbortController().signal);
    return supervisor;
  }

  async connect(supervisor: RedisSupervisor): Promise<StreamConnection> {
    const { endpoint } = await untilReady(supervisor);
    const connection = await connectRedis(endpoint, { name: 'test' });
    this.#connections.push(connection);
    return connection;
  }

  /** What the supervisor wrote down of the server. */
  async record(): Promise<ServerRecord> {
    const record = parseServerRecord(await readFile(path.join(this.redisDirectory, 'server.json'), 'utf8'));
    if (record === null) throw new Error('there is no record of the server');
    return record;
  }

  /** Ended with the test, should it still run. */
  spawn(file: string, args: readonly string[], input = ''): ChildProcess {
    const child = spawn(file, [...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(input);
    this.#children.push(child);
    return child;
  }

  /** A supervisor in a process of its own, which can be killed; resolves when its server is ready. */
  async supervisorProcess(transport: 'socket' | 'tcp' = 'socket'): Promise<ChildProcess> {
    const program = fileURLToPath(new URL('./supervisor-program.ts', import.meta.url));
    const flags = ['--experimental-strip-types', '--disable-warning=ExperimentalWarning'];
    const child = this.spawn(process.execPath, [...flags, program, this.redisDirectory, transport]);
    if (child.stdout === null) throw new Error('the program has no output');
    const [text] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
    if (!String(text).startsWith('ready')) throw new Error(`the supervisor ended: ${String(text)}`);
    const { pid } = await this.record();
    this.#cleanups.push(() => endProcess(pid));
    return child;
  }

  onCleanup(cleanup: () => Promise<unknown>): void {
    this.#cleanups.push(cleanup);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) await connection.close();
    for (const supervisor of this.#supervisors) await supervisor.stop();
    for (const child of this.#children) await killed(child);
    for (const cleanup of this.#cleanups) await cleanup();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** The next state that the test is about; the present one counts. */
export async function untilState(
  supervisor: RedisSupervisor,
  isWanted: (state: RedisState) => boolean,
): Promise<RedisState> {
  if (isWanted(supervisor.state)) return supervisor.state;
  const { promise, resolve } = Promise.withResolvers<RedisState>();
  const listening = supervisor.onState((state) => {
    if (isWanted(state)) resolve(state);
  });
  try {
    return await promise;
  } finally {
    listening[Symbol.dispose]();
  }
}

export async function untilReady(supervisor: RedisSupervisor, otherThan: string | null = null): Promise<ReadyState> {
  const state = await untilState(supervisor, (one) => one.kind === 'ready' && one.runId !== otherThan);
  if (state.kind !== 'ready') throw new Error('the server is not ready');
  return state;
}

export async function isRunning(pid: number): Promise<boolean> {
  return (await readProcessIdentity(pid, IDENTITY)) !== null;
}

async function endProcess(pid: number): Promise<void> {
  if (await isRunning(pid)) process.kill(pid, 'SIGKILL');
}
