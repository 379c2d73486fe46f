import type { ExchangeSummary } from '../../../shared/exchange.ts';
import type { JobView, StatusSnapshot } from '../../../shared/status.ts';
import type { EpochMs } from '../../../shared/time.ts';

/** Everything that was measured for one snapshot. Ages and durations in ms; null: could not be measured. */
export interface StatusFacts {
  readonly now: EpochMs;
  readonly version: string;
  readonly startedAt: EpochMs;
  readonly isStarting: boolean;
  readonly isStopping: boolean;
  readonly pause: StatusSnapshot['pause'];
  readonly capture: {
    readonly files: number;
    readonly hotFiles: number;
    readonly agents: number;
    readonly blockedFiles: number;
    readonly missingRoots: readonly string[];
    readonly watchedDirectories: number;
    readonly mode: 'events' | 'polling';
    readonly lastBeatAt: EpochMs | null;
    readonly lastEventAt: EpochMs | null;
    readonly lastReconcileAt: EpochMs | null;
    readonly archiveFailing: boolean;
    readonly archivedBytes: number;
    /** Bytes whose commit can be expected, minus those that are committed. */
    readonly uncommittedBytes: number;
    readonly unsavedForMs: number;
    readonly lastWriteAt: EpochMs | null;
  };
  readonly queue: {
    readonly mode: 'redis' | 'bypass';
    /** Neither Redis nor the bypass is in use right now. */
    readonly isWaiting: boolean;
    readonly depth: number | null;
    readonly pending: number | null;
    readonly oldestAgeMs: number | null;
    readonly serverState: 'starting' | 'ready' | 'restarting' | 'failed' | 'missing' | 'stopped';
    readonly server: StatusSnapshot['queue']['server'];
  };
  readonly consumer: {
    readonly beatAgeMs: number | null;
    readonly lastBeatAt: EpochMs | null;
    readonly retryingForMs: number | null;
    readonly latency: readonly (number | null)[];
  };
  readonly store: Omit<StatusSnapshot['store'], 'health' | 'diskFreeBytes'> & { readonly isFailing: boolean };
  readonly upkeep: StatusSnapshot['upkeep'];
  readonly disk: StatusSnapshot['disk'];
  readonly captureGap: number | null;
  readonly recentSaves: readonly ExchangeSummary[];
  readonly minutes: StatusSnapshot['minutes'];
  readonly job: JobView | null;
}
