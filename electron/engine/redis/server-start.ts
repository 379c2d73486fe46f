/** Starts the program once and waits for its first PONG. What the record says is true at every moment of it. */
import type { Clock } from '../core/clock.ts';
import { RedisServerError } from '../core/errors.ts';
import type { LocalServer } from './find-server.ts';
import { readProcessIdentity, type ProcessIdentityOptions } from './process-identity.ts';
import { childProcess, type RunningServer, type ServedProcess } from './running-server.ts';
import { serverConfig, type ServerConfigOptions } from './server-config.ts';
import { ServerProcess, type ServerExit } from './server-process.ts';
import { awaitPong } from './server-readiness.ts';
import { removeServerRecord, writeServerRecord, type ServerRecord } from './server-record.ts';
import { configDigest, ourEndpoint } from './server-takeover.ts';
import type { SupervisorTimings } from './supervisor-timings.ts';

export interface ServerStartOptions {
  readonly server: LocalServer;
  readonly config: ServerConfigOptions;
  readonly recordFile: string;
  /** What the program itself needs of the environment. */
  readonly serverEnvironment: Readonly<Record<string, string>>;
  readonly identity: ProcessIdentityOptions;
  readonly clock: Clock;
  readonly timings: SupervisorTimings;
  /** An abort ends what was started. */
  readonly signal: AbortSignal;
}

/**
 * @returns the server, or how it ended instead
 * Errors: REDIS_NOT_READY when it did neither in time; it was ended then.
 */
export async function startServer(options: ServerStartOptions): Promise<RunningServer | ServerExit> {
  const { config, server, clock, timings, signal } = options;
  const endpoint = ourEndpoint(config.listen, config.password);
  const child = ServerProcess.spawn({
    executable: server.executable,
    env: { ...options.serverEnvironment, ...server.libraryEnvironment },
    directory: config.directory,
    config: serverConfig(config),
    clock,
  });
  const process = childProcess(child, { endpoint, clock, timings });
  try {
    const record = await recordOf(child, options);
    if (record !== null) await writeServerRecord(options.recordFile, record);
    const ready = await awaitPong(endpoint, { clock, timings, signal, isGone: () => child.hasExited });
    if (ready === null) return await failedStart(child, process);
    if (record !== null) await writeServerRecord(options.recordFile, { ...record, runId: ready.runId });
    return { endpoint, origin: server.origin, adopted: false, ...ready, process };
  } catch (error) {
    await process.end('clean');
    await removeServerRecord(options.recordFile);
    throw error;
  }
}

/** Null when the system does not tell who the process is: then nothing may ever be concluded from its number. */
async function recordOf(child: ServerProcess, options: ServerStartOptions): Promise<ServerRecord | null> {
  const { pid } = child;
  if (pid === null) return null;
  const identity = await readProcessIdentity(pid, options.identity);
  if (identity === null) return null;
  const { listen, directory } = options.config;
  return { pid, ...identity, runId: null, listen, directory, configDigest: configDigest(options.config) };
}

async function failedStart(child: ServerProcess, process: ServedProcess): Promise<ServerExit> {
  if (child.hasExited) return child.exited;
  await process.end('hung');
  throw new RedisServerError('REDIS_NOT_READY', 'Redis was started and did not answer in time.', { retryable: true });
}
