import type { ExchangeSummary } from './exchange.ts';
import type { EpochMs } from './time.ts';

/** States of a lamp; see design: seven states, seven shapes. */
export type LampState = 'off' | 'ok' | 'busy' | 'paused' | 'warn' | 'error' | 'unknown';

/** State of the whole program, as the tray shows it. */
export type OverallState = 'starting' | 'ok' | 'busy' | 'warn' | 'error' | 'paused' | 'stopping';

export type HealthState = 'starting' | 'healthy' | 'degraded' | 'failed' | 'stopped';

/** Why a part is not healthy. The window makes the sentence. */
export type HealthReason =
  | 'REDIS_BYPASSED'
  | 'REDIS_RESTARTING'
  | 'REDIS_FAILED'
  | 'QUEUE_BACKLOG'
  | 'CONSUMER_STALLED'
  | 'CONSUMER_RETRYING'
  | 'WATCH_INCOMPLETE'
  | 'SOURCE_MISSING'
  | 'FILES_BLOCKED'
  | 'ARCHIVE_FAILING'
  | 'ARCHIVE_DAMAGED'
  | 'STORE_FAILING'
  | 'STORE_REBUILDING'
  | 'DISK_LOW'
  | 'DISK_FULL'
  | 'DEAD_LETTERS'
  | 'PAUSED';

export interface ComponentHealth {
  readonly state: HealthState;
  readonly since: EpochMs;
  readonly reason: HealthReason | null;
}

/** Priorities of an alarm: 1 critical, 2 high, 3 low, 4 diagnostic. */
export type AlarmPriority = 1 | 2 | 3 | 4;

/** A limit that is passed right now. `key` names the text in the window's catalogue. */
export interface ActiveAlarm {
  readonly key: string;
  readonly priority: AlarmPriority;
  readonly raisedAt: EpochMs;
  readonly value: number | null;
  readonly limit: number | null;
}

export type QueueMode = 'redis' | 'bypass';

/**
 * Everything the tray and the window show, measured. One whole object, at most four a second. A figure that could not be
 * measured is null, never a guess.
 */
export interface StatusSnapshot {
  readonly at: EpochMs;
  readonly version: string;
  readonly startedAt: EpochMs;
  readonly overall: OverallState;
  /** What the header may promise: true only if queue, archive and watcher were checked and all is committed or durable. */
  readonly safety: {
    /** The archive is written up to the last change seen of every transcript. */
    readonly archiveCurrent: boolean;
    /** Everything archived is committed in SQLite. */
    readonly allSaved: boolean;
    /** The watcher gave a sign of life lately and the last reconcile was complete. */
    readonly watcherAlive: boolean;
    /** Redis answered (or the bypass is in use, which needs no Redis). */
    readonly queueAnswers: boolean;
  };
  readonly pause: { readonly paused: boolean; /** null: until resumed. */ readonly until: EpochMs | null };
  readonly transcripts: {
    readonly health: ComponentHealth;
    readonly files: number;
    /** Touched lately, so polled. */
    readonly hotFiles: number;
    readonly agents: number;
    readonly blockedFiles: number;
    /** Roots that are configured but are not there. */
    readonly missingRoots: readonly string[];
    readonly bytes: number;
  };
  readonly watcher: {
    readonly health: ComponentHealth;
    readonly watchedDirectories: number;
    readonly lastBeatAt: EpochMs | null;
    readonly lastEventAt: EpochMs | null;
    readonly lastReconcileAt: EpochMs | null;
    /** Change of the newest unsaved byte until now, in ms; 0 when all is saved. */
    readonly lagMs: number;
    readonly mode: 'events' | 'polling';
  };
  readonly archive: { readonly health: ComponentHealth; readonly bytes: number; readonly lastWriteAt: EpochMs | null };
  readonly queue: {
    readonly health: ComponentHealth;
    readonly mode: QueueMode;
    /** Entries not yet acknowledged: waiting plus pending. */
    readonly depth: number | null;
    readonly pending: number | null;
    readonly oldestAgeMs: number | null;
    readonly server: {
      readonly version: string | null;
      readonly origin: 'url' | 'bundled' | 'system' | 'downloaded' | null;
      readonly memoryBytes: number | null;
      readonly aof: 'ok' | 'error' | 'off' | null;
      readonly restarts: number;
    };
  };
  readonly consumer: {
    readonly health: ComponentHealth;
    readonly lastBeatAt: EpochMs | null;
    /** Change seen → committed, 5 min window. Null when nothing was saved in it. */
    readonly latencyP50Ms: number | null;
    readonly latencyP95Ms: number | null;
    readonly latencyP99Ms: number | null;
    readonly retryingSince: EpochMs | null;
  };
  readonly store: {
    readonly health: ComponentHealth;
    readonly sizeBytes: number;
    readonly walBytes: number;
    readonly exchanges: number;
    readonly sessions: number;
    readonly records: number;
    readonly deadLetters: number;
    readonly lastSaveAt: EpochMs | null;
    readonly savesLastHour: number;
    readonly errorsLastHour: number;
    readonly diskFreeBytes: number | null;
  };
  /** Care for what is saved. */
  readonly upkeep: Upkeep;
  /** The disk of the data folder. */
  readonly disk: {
    /** `low`: a person should make room. `held`: nothing is recorded until there is room. */
    readonly level: 'ok' | 'low' | 'held';
    readonly freeBytes: number | null;
    readonly totalBytes: number | null;
    readonly warnBelowBytes: number;
    readonly holdBelowBytes: number;
    readonly heldSince: EpochMs | null;
    /** Kept back for a full disk; 0 while it is given back. */
    readonly reserveBytes: number;
  };
  /** Prompts in the agents' own histories that no saved exchange holds; null while unknown. */
  readonly captureGap: number | null;
  readonly recentSaves: readonly ExchangeSummary[];
  /** One sample a minute, oldest first, at most 24 h. `saved` counts exchanges saved or extended. */
  readonly minutes: readonly { readonly at: EpochMs; readonly saved: number; readonly errors: number }[];
  readonly alarms: readonly ActiveAlarm[];
  readonly job: JobView | null;
}

/** A database that was put aside, and what came of it. */
export interface StoreRecovery {
  readonly at: EpochMs;
  /** `search-index`: only the index of full-text search was made anew, nothing was put aside. */
  readonly cause: 'damage' | 'rebuild' | 'restore' | 'search-index';
  /** Sentence. */
  readonly reason: string;
  /** Where the old file is now; null: there was none. */
  readonly setAside: string | null;
  /** Name of the backup that was put in its place; null: everything comes from the archive. */
  readonly backup: string | null;
  readonly state: 'replacing' | 'catching-up' | 'done' | 'failed';
  /** Bytes of the archive that the new database holds, of so many; 0 of 0 once it is done. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Rows taken over from the old file. */
  readonly salvaged: number;
  readonly endedAt: EpochMs | null;
}

/** What is done in the background so that what is saved stays saved. */
export interface Upkeep {
  /** The last database that was put aside; null: never. */
  readonly recovery: StoreRecovery | null;
  readonly backup: {
    readonly lastAt: EpochMs | null;
    /** How many there are. */
    readonly kept: number;
    /** Why the last one could not be made; null: it could. */
    readonly failure: string | null;
  };
  /** Everything in the archive is read again and compared with the hash it had, and the database is read through. */
  readonly scrub: {
    readonly roundStartedAt: EpochMs | null;
    readonly doneBytes: number;
    readonly totalBytes: number;
    /** End of the last round that has read everything. */
    readonly lastRoundAt: EpochMs | null;
    readonly databaseCheckedAt: EpochMs | null;
    /** Ranges that were damaged and were repaired from their transcripts. */
    readonly repaired: number;
    /** Ranges that are damaged and whose transcripts are gone. */
    readonly damaged: number;
    /** The newest of them, at most five. */
    readonly damagedRanges: readonly ArchiveDamage[];
  };
}

export interface ArchiveDamage {
  readonly archivePath: string;
  readonly start: number;
  readonly end: number;
  readonly foundAt: EpochMs;
}

/** A copy of the database. */
export interface BackupView {
  readonly name: string;
  readonly at: EpochMs;
  readonly bytes: number;
  /** Null: not known, because what was written down of it is gone. */
  readonly exchanges: number | null;
  readonly records: number | null;
  /** Was read through and found good when it was made. */
  readonly verified: boolean;
}

export type JobKind = 'import' | 'resync' | 'verify' | 'restore' | 'backup' | 'rebuild' | 'backup-restore';
export type JobState = 'running' | 'done' | 'failed' | 'cancelled';

export interface JobView {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: JobState;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs | null;
  /** What it does right now. */
  readonly phase: 'scanning' | 'archiving' | 'saving' | 'comparing' | 'writing' | 'done';
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly doneFiles: number;
  readonly totalFiles: number;
  readonly report: JobReport | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** End of an import or resync: what was there and what became of it. */
export interface ImportReport {
  readonly kind: 'import' | 'resync';
  readonly files: number;
  readonly bytes: number;
  readonly records: number;
  /** Of the main conversations. */
  readonly exchanges: number;
  readonly subagentExchanges: number;
  /** Files of which something new was saved. */
  readonly imported: number;
  /** Files that were already complete. */
  readonly skipped: number;
  /** Files that could not be read; the reasons are in `failures`. */
  readonly failed: number;
  readonly newRecords: number;
  readonly quarantined: number;
  readonly failures: readonly { readonly path: string; readonly reason: string }[];
  /** What a resync ends with: everything compared once more. Null for an import. */
  readonly proof: VerifyReport | null;
}

/** The proof: disk, archive and database against each other. */
export interface VerifyReport {
  readonly kind: 'verify';
  readonly files: number;
  readonly bytes: number;
  readonly records: number;
  readonly exchanges: number;
  readonly subagentExchanges: number;
  readonly missing: number;
  readonly duplicated: number;
  readonly quarantined: number;
  readonly drift: number;
  /** Files on disk whose bytes the archive does not hold, with the first differing offset. */
  readonly missingBytes: readonly { readonly path: string; readonly offset: number }[];
  /** Keys of records that are on disk or in the archive, but not in the database (at most 20). */
  readonly missingRecords: readonly string[];
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
}

export interface RestoreReport {
  readonly kind: 'restore';
  readonly written: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
  /** Already there with the same content. */
  readonly unchanged: readonly string[];
  /** There with other content: left alone. */
  readonly conflicts: readonly string[];
}

export interface BackupReport {
  readonly kind: 'backup';
  readonly backup: BackupView;
}

/** End of a rebuild, or of putting a backup in place: what was put aside, and what the database holds now. */
export interface RebuildReport {
  readonly kind: 'rebuild' | 'backup-restore';
  /** Name of the backup that it began with; null: everything came from the archive. */
  readonly backup: string | null;
  /** Where the old database is now. */
  readonly setAside: string | null;
  readonly files: number;
  readonly bytes: number;
  readonly records: number;
  /** Of the main conversations. */
  readonly exchanges: number;
  readonly subagentExchanges: number;
  readonly quarantined: number;
  /** Rows taken over from the old database. */
  readonly salvaged: number;
}

export type JobReport = ImportReport | VerifyReport | RestoreReport | BackupReport | RebuildReport;

export interface HealthCheck {
  readonly name: 'redis' | 'queue' | 'consumer' | 'watcher' | 'archive' | 'sqlite' | 'upkeep' | 'disk' | 'capture-gap';
  readonly status: 'pass' | 'warn' | 'fail';
  readonly timeMs: number;
  /** Plain sentence. */
  readonly reason: string;
}

export interface HealthReport {
  readonly status: 'healthy' | 'degraded' | 'unhealthy';
  readonly at: EpochMs;
  readonly checks: readonly HealthCheck[];
}

export interface DeadLetter {
  readonly id: number;
  readonly archivePath: string;
  readonly sourcePath: string | null;
  readonly start: number;
  readonly end: number;
  readonly reason: string;
  readonly at: EpochMs;
  readonly state: 'kept' | 'discarded' | 'recovered';
}
