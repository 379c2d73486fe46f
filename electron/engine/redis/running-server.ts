import type { Clock } from '../core/clock.ts';
import { isAbort } from '../core/errors.ts';
import { describeExit } from './exit-cause.ts';
import type { ServerOrigin } from './find-server.ts';
import { isSameProcess, type ProcessIdentity, type ProcessIdentityOptions } from './process-identity.ts';
import { connectRedis, type StreamConnection } from './redis-client.ts';
import type { RedisEndpoint } from './redis-endpoint.ts';
import { inspectServer } from './server-inspection.ts';
import type { ServerProcess } from './server-process.ts';
import type { SupervisorTimings } from './supervisor-timings.ts';

/** A Redis that answered PONG. */
export interface RunningServer {
  readonly endpoint: RedisEndpoint;
  readonly origin: ServerOrigin;
  readonly adopted: boolean;
  readonly runId: string;
  readonly version: string;
  /** The supervisor's own connection; closed by it. */
  readonly connection: StreamConnection;
  readonly process: ServedProcess;
}

/** What can be done to the process behind a server. */
export interface ServedProcess {
  /** Resolves with a sentence when the process ends; null when it is no child of ours and only its silence tells. */
  readonly exited: Promise<string> | null;
  /**
   * Ends it and waits for that: `clean` asks it to save and leave first, `hung` does not expect an answer any more.
   * @returns whether it is gone
   */
  end(how: 'clean' | 'hung'): Promise<boolean>;
}

/** A server somebody else runs: nothing of it is ever ended. */
export const foreignProcess: ServedProcess = { exited: null, end: () => Promise.resolve(false) };

interface ProcessControl {
  signal(signal: NodeJS.Signals): Promise<void>;
  isGone(withinMs: number): Promise<boolean>;
}

export interface EndOptions {
  readonly endpoint: RedisEndpoint;
  readonly clock: Clock;
  readonly timings: SupervisorTimings;
}

/** A process that this Holdfast started. */
export function childProcess(child: ServerProcess, options: EndOptions): ServedProcess {
  const control: ProcessControl = {
    signal: (signal) => {
      child.signal(signal);
      return Promise.resolve();
    },
    isGone: (withinMs) => resolvesWithin(child.exited, withinMs, options.clock),
  };
  return { exited: child.exited.then(describeExit), end: (how) => endProcess(how, control, options) };
}

/** A process that an earlier Holdfast started. Proves who it is before each signal. */
export function recordedProcess(
  recorded: ProcessIdentity & { readonly pid: number },
  identity: ProcessIdentityOptions,
  options: EndOptions,
): ServedProcess {
  const isOurs = (): Promise<boolean> => isSameProcess(recorded.pid, recorded, identity);
  const control: ProcessControl = {
    signal: async (signal) => {
      if (await isOurs()) signalProcess(recorded.pid, signal);
    },
    isGone: async (withinMs) => {
      const deadline = options.clock.monotonic() + withinMs;
      while (await isOurs()) {
        if (options.clock.monotonic() >= deadline) return false;
        await options.clock.sleep(POLL_MS);
      }
      return true;
    },
  };
  return { exited: null, end: (how) => endProcess(how, control, options) };
}

/** A server that let us in and whose process cannot be proved to be ours: it is asked to leave and never signalled. */
export function unprovenProcess(options: EndOptions): ServedProcess {
  const control: ProcessControl = {
    signal: () => Promise.resolve(),
    isGone: async (withinMs) => {
      const deadline = options.clock.monotonic() + withinMs;
      for (;;) {
        const found = await inspectServer(options.endpoint, { name: 'holdfast-stop', timeoutMs: SHUTDOWN_TIMEOUT_MS });
        if (found.kind === 'absent') return true;
        if (found.kind === 'answers') await found.connection.close();
        if (options.clock.monotonic() >= deadline) return false;
        await options.clock.sleep(POLL_MS);
      }
    },
  };
  return { exited: null, end: (how) => endProcess(how, control, options) };
}

const POLL_MS = 25;
/** After SIGKILL only the system has still something to do. */
const KILL_GRACE_MS = 2000;
const SHUTDOWN_TIMEOUT_MS = 700;

async function endProcess(how: 'clean' | 'hung', control: ProcessControl, options: EndOptions): Promise<boolean> {
  const { stopGraceMs, hungGraceMs } = options.timings;
  if (how === 'clean') {
    await requestShutdown(options.endpoint);
    if (await control.isGone(stopGraceMs)) return true;
  }
  await control.signal('SIGTERM');
  if (await control.isGone(how === 'clean' ? stopGraceMs / 3 : hungGraceMs)) return true;
  await control.signal('SIGKILL');
  return control.isGone(KILL_GRACE_MS);
}

/** Asks the server to write its files and leave; that it does not answer is what the signals after this are for. */
async function requestShutdown(endpoint: RedisEndpoint): Promise<void> {
  try {
    const connection = await connectRedis(endpoint, {
      name: 'holdfast-stop',
      connectTimeoutMs: SHUTDOWN_TIMEOUT_MS,
      commandTimeoutMs: SHUTDOWN_TIMEOUT_MS,
    });
    try {
      await connection.call('SHUTDOWN');
    } finally {
      await connection.close();
    }
  } catch {
    // The usual answer to SHUTDOWN is that the connection ends.
  }
}

async function resolvesWithin(promise: Promise<unknown>, withinMs: number, clock: Clock): Promise<boolean> {
  const timer = new AbortController();
  const late = clock.sleep(withinMs, timer.signal).then(
    () => false,
    (error: unknown) => {
      if (isAbort(error)) return false;
      throw error;
    },
  );
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    timer.abort();
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended between the proof and the signal.
  }
}
