import type { EpochMs } from '../../../shared/time.ts';
import type { ServerOrigin } from './find-server.ts';
import type { RedisEndpoint } from './redis-endpoint.ts';

/** Reasons are plain sentences without secrets. `endpoint` holds the password and stays inside the engine. */
export type RedisState =
  | { readonly kind: 'starting' }
  | {
      readonly kind: 'ready';
      readonly endpoint: RedisEndpoint;
      /** Changes with each start of the server: what was queued before may be gone. */
      readonly runId: string;
      readonly version: string;
      readonly origin: ServerOrigin;
      /** Left running by a crash of Holdfast and taken over. */
      readonly adopted: boolean;
    }
  | { readonly kind: 'restarting'; readonly attempt: number; readonly reason: string }
  /** Given up for now, tried again every half a minute or so: the caller records without a queue. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** There is no Redis on this machine; looked for again every minute. */
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'stopped' };

/** Something that was put right, for the window. */
export interface RedisRecovery {
  readonly at: EpochMs;
  /**
   * - `adopted`: the server of a crashed Holdfast was taken over
   * - `replaced`: it was ended, because it did not answer or was configured otherwise
   * - `quarantined`: its files were damaged; they were moved to `path` and the queue starts empty
   * - `avoided`: a server that is not ours has our place; `path` is the place it has
   */
  readonly kind: 'adopted' | 'replaced' | 'quarantined' | 'avoided';
  readonly path: string | null;
  readonly reason: string;
}
