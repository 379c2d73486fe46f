import type { EpochMs } from '../../../shared/time.ts';

/** What became of a look at everything. */
export interface ReconcileResult {
  readonly files: number;
  readonly advanced: number;
  readonly unchanged: number;
  readonly failures: readonly { readonly path: string; readonly reason: string }[];
}

/** For the status window. */
export interface CaptureFacts {
  readonly watchedDirectories: number;
  readonly hotFiles: number;
  readonly mode: 'events' | 'polling';
  readonly lastBeatAt: EpochMs | null;
  readonly lastEventAt: EpochMs | null;
  readonly lastReconcileAt: EpochMs | null;
  readonly missingRoots: readonly string[];
  /** Paths among the transcripts that are no files that can be read, with the reason. */
  readonly skipped: ReadonlyMap<string, string>;
  /** The archive did not take what was last tried to be written of some transcript. */
  readonly archiveFailing: boolean;
}
