import type { Clock } from '../core/clock.ts';
import { StreamError } from '../core/errors.ts';
import type { StreamConnection } from './redis-client.ts';
import type { RedisEndpoint } from './redis-endpoint.ts';
import { inspectServer } from './server-inspection.ts';
import type { SupervisorTimings } from './supervisor-timings.ts';

export interface ReadyServer {
  readonly connection: StreamConnection;
  readonly runId: string;
  readonly version: string;
}

export interface ReadinessOptions {
  readonly clock: Clock;
  readonly timings: SupervisorTimings;
  readonly signal: AbortSignal;
  /** True as soon as waiting has no use any more: the process has ended. */
  readonly isGone: () => boolean;
}

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;

/**
 * Waits until the server says PONG, through the time in which it loads its data.
 * @returns null when it has ended, or did not get that far within `timings.readyWithinMs`
 */
export async function awaitPong(endpoint: RedisEndpoint, options: ReadinessOptions): Promise<ReadyServer | null> {
  const { clock, timings, signal } = options;
  const deadline = clock.monotonic() + timings.readyWithinMs;
  let pauseMs = FIRST_PAUSE_MS;
  while (!options.isGone()) {
    signal.throwIfAborted();
    const found = await inspectServer(endpoint, { name: 'holdfast-watch', timeoutMs: timings.pingTimeoutMs });
    if (found.kind === 'answers') {
      const { connection, runId, version } = found;
      if (await isServing(connection)) return { connection, runId, version };
      await connection.close();
    }
    if (clock.monotonic() >= deadline) return null;
    await clock.sleep(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
  return null;
}

/** False while it loads, or when it went away since. */
async function isServing(connection: StreamConnection): Promise<boolean> {
  try {
    return (await connection.call('PING')) === 'PONG';
  } catch (error) {
    if (error instanceof StreamError) return false;
    throw error;
  }
}
