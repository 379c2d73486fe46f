/**
 * Every stable error code of Holdfast. Codes travel over IPC, HTTP, the log and the dead letters, and people search for
 * them: never rename one, only add.
 */
export const ERROR_CODES = [
  'CONFIG_INVALID',
  'CONFIG_VERSION_TOO_NEW',
  'DATA_FOLDER_UNWRITABLE',
  'NODE_TOO_OLD',
  'ENGINE_ALREADY_RUNNING',
  'ENGINE_NOT_RUNNING',
  'PORT_TAKEN',
  'REDIS_BINARY_MISSING',
  'REDIS_EXITED',
  'REDIS_NOT_READY',
  'REDIS_UNSUPPORTED',
  'DISK_FULL',
  'TRANSCRIPT_UNREADABLE',
  'TRANSCRIPT_REPLACED',
  'ARCHIVE_UNAVAILABLE',
  'ARCHIVE_MISMATCH',
  'STREAM_UNAVAILABLE',
  'ENTRY_UNDECODABLE',
  'STORE_BUSY',
  'STORE_FULL',
  'STORE_CORRUPT',
  'STORE_FAILED',
  'SCHEMA_TOO_NEW',
  'BACKUP_FAILED',
  'BACKUP_DAMAGED',
  'NOT_FOUND',
  'AMBIGUOUS',
  'RESTORE_CONFLICT',
  'JOB_CANCELLED',
  'JOB_BUSY',
  'IPC_BAD_SENDER',
  'IPC_BAD_ARGUMENT',
  'IPC_UNKNOWN_TOPIC',
  'UNAUTHORIZED',
  'UNSUPPORTED_HERE',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** What crosses a process boundary instead of an Error object: the code survives, the stack stays at home. */
export interface ErrorEnvelope {
  readonly code: ErrorCode;
  /** One sentence for people: what happened, what it means for their conversations, what to do. */
  readonly message: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
}

/** Result of a call over IPC or HTTP. */
export type Envelope<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorEnvelope };
