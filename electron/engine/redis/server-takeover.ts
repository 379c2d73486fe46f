/**
 * What to do about a server that may still be there from before: it outlives a Holdfast that was killed. Adopts it when it is
 * provably ours and as it would be started now, replaces it when it is ours and otherwise, and leaves everything else
 * alone. No two servers may ever work in one directory: Redis has no lock against it, and both would write one file.
 */
import { createHash } from 'node:crypto';
import { lstat, rm } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import { systemErrorCode } from '../core/errors.ts';
import { isSameProcess, type ProcessIdentityOptions } from './process-identity.ts';
import type { StreamConnection } from './redis-client.ts';
import type { RedisEndpoint } from './redis-endpoint.ts';
import { recordedProcess, unprovenProcess, type EndOptions, type ServedProcess } from './running-server.ts';
import { APP_USER, serverConfig, type ServerConfigOptions } from './server-config.ts';
import { inspectServer, worksIn } from './server-inspection.ts';
import { readServerRecord, type ServerRecord } from './server-record.ts';
import type { SupervisorTimings } from './supervisor-timings.ts';

export type Listen = ServerConfigOptions['listen'];

export type Recorded =
  | {
      readonly kind: 'adopted';
      /** Stays open for the caller to close. */
      readonly connection: StreamConnection;
      readonly endpoint: RedisEndpoint;
      readonly process: ServedProcess;
    }
  /** It was ours and is gone now. */
  | { readonly kind: 'replaced'; readonly reason: string }
  /** Nothing of ours runs, as far as the record tells. */
  | { readonly kind: 'none' };

export type Vacancy =
  | { readonly kind: 'free' }
  | { readonly kind: 'replaced'; readonly reason: string }
  | { readonly kind: 'occupied'; readonly reason: string };

export interface TakeoverOptions {
  readonly recordFile: string;
  readonly password: string;
  readonly identity: ProcessIdentityOptions;
  readonly clock: Clock;
  readonly timings: SupervisorTimings;
}

const INSPECTOR = 'holdfast-start';

export function ourEndpoint(listen: Listen, password: string): RedisEndpoint {
  const credentials = { username: APP_USER, password, database: 0 };
  return listen.kind === 'socket'
    ? { kind: 'socket', path: listen.path, ...credentials }
    : { kind: 'tcp', host: '127.0.0.1', port: listen.port, tls: false, ...credentials };
}

export function configDigest(options: ServerConfigOptions): string {
  return createHash('sha256').update(serverConfig(options)).digest('hex');
}

/** Deals with the server that the record names. */
export async function settleRecorded(options: TakeoverOptions): Promise<Recorded> {
  const record = await readServerRecord(options.recordFile);
  if (record === null) return { kind: 'none' };
  const endpoint = ourEndpoint(record.listen, options.password);
  const end: EndOptions = { endpoint, clock: options.clock, timings: options.timings };
  const isProven = await isSameProcess(record.pid, record, options.identity);
  const process = isProven ? recordedProcess(record, options.identity, end) : unprovenProcess(end);

  const inspection = await inspectServer(endpoint, { name: INSPECTOR, timeoutMs: options.timings.pingTimeoutMs });
  if (inspection.kind === 'answers') {
    // It knows our password: with our directory too, it is ours even if the system cannot tell us about its process.
    if (await worksIn(inspection.connection, record.directory)) {
      const { connection, runId } = inspection;
      if (isAsWeWouldStartIt(record, runId, options)) return { kind: 'adopted', connection, endpoint, process };
      await inspection.connection.close();
      await process.end('clean');
      return { kind: 'replaced', reason: 'A Redis left over from before was set up differently.' };
    }
    await inspection.connection.close();
  }
  if (!isProven) return { kind: 'none' };
  await process.end('hung');
  return { kind: 'replaced', reason: 'A Redis left over from before did not answer.' };
}

/** Makes sure that nobody serves the place at which a server is about to be started. */
export async function vacate(listen: Listen, directory: string, options: TakeoverOptions): Promise<Vacancy> {
  if (listen.kind === 'tcp') return { kind: 'free' };
  const endpoint = ourEndpoint(listen, options.password);
  const inspection = await inspectServer(endpoint, { name: INSPECTOR, timeoutMs: options.timings.pingTimeoutMs });
  if (inspection.kind === 'absent') return removeStale(listen.path);
  if (inspection.kind !== 'answers') {
    const how = inspection.kind === 'silent' ? 'does not answer' : 'does not let Holdfast in';
    return { kind: 'occupied', reason: `A server that ${how} has the socket ${listen.path}; it was left alone.` };
  }
  const isOurs = await worksIn(inspection.connection, directory);
  await inspection.connection.close();
  const process = unprovenProcess({ endpoint, clock: options.clock, timings: options.timings });
  // Ours without a record: Holdfast was killed in the moment between starting it and writing that down.
  if (isOurs && (await process.end('clean'))) {
    return { kind: 'replaced', reason: 'A Redis left over from before was not on record.' };
  }
  return { kind: 'occupied', reason: `Another Redis has the socket ${listen.path}; it was left alone.` };
}

function isAsWeWouldStartIt(record: ServerRecord, runId: string, options: TakeoverOptions): boolean {
  const { listen, directory } = record;
  return (
    record.runId === runId && record.configDigest === configDigest({ listen, directory, password: options.password })
  );
}

/** What a killed server leaves behind. A folder of that name would be somebody's, and is not removed. */
async function removeStale(socketPath: string): Promise<Vacancy> {
  try {
    if ((await lstat(socketPath)).isDirectory()) {
      return { kind: 'occupied', reason: `${socketPath} is a folder; it was left alone.` };
    }
    await rm(socketPath, { force: true });
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  return { kind: 'free' };
}
