import type { Clock } from '../core/clock.ts';
import { RedisServerError } from '../core/errors.ts';
import type { ExternalServer } from './find-server.ts';
import { describeEndpoint } from './redis-endpoint.ts';
import { foreignProcess, type RunningServer } from './running-server.ts';
import { inspectServer } from './server-inspection.ts';
import { awaitPong } from './server-readiness.ts';
import { isSupportedVersion, OLDEST_SUPPORTED } from './server-version.ts';
import type { SupervisorTimings } from './supervisor-timings.ts';

/**
 * Connects to the server that `HOLDFAST_REDIS_URL` names. Nothing is started, changed or ended there.
 * Errors: REDIS_NOT_READY, REDIS_UNSUPPORTED.
 */
export async function connectExternal(
  server: ExternalServer,
  options: { readonly clock: Clock; readonly timings: SupervisorTimings; readonly signal: AbortSignal },
): Promise<RunningServer> {
  const { endpoint, origin } = server;
  const address = describeEndpoint(endpoint);
  const found = await inspectServer(endpoint, { name: 'holdfast-watch', timeoutMs: options.timings.pingTimeoutMs });
  switch (found.kind) {
    case 'absent':
    case 'silent':
      throw new RedisServerError('REDIS_NOT_READY', `The Redis at ${address} does not answer.`, { retryable: true });
    case 'refuses':
      throw new RedisServerError('REDIS_NOT_READY', `The Redis at ${address} refused Holdfast: ${found.reason}.`);
    case 'answers':
      await found.connection.close();
  }
  if (!isSupportedVersion(found.version)) {
    const reason = `The Redis at ${address} is version ${found.version}; ${OLDEST_SUPPORTED} or newer is needed.`;
    throw new RedisServerError('REDIS_UNSUPPORTED', reason);
  }
  const ready = await awaitPong(endpoint, { ...options, isGone: () => false });
  if (ready === null) throw new RedisServerError('REDIS_NOT_READY', `The Redis at ${address} does not get ready.`);
  return { endpoint, origin, adopted: false, ...ready, process: foreignProcess };
}
