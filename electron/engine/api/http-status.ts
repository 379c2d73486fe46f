import type { ErrorCode } from '../../../shared/error-code.ts';

/** HTTP status of an error; 500 for every code that is not a matter of the request or of the moment. */
export function httpStatusOf(code: ErrorCode): number {
  return STATUS[code] ?? 500;
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  IPC_BAD_ARGUMENT: 400,
  CONFIG_INVALID: 400,
  UNAUTHORIZED: 401,
  IPC_BAD_SENDER: 403,
  IPC_UNKNOWN_TOPIC: 404,
  NOT_FOUND: 404,
  AMBIGUOUS: 409,
  JOB_BUSY: 409,
  JOB_CANCELLED: 409,
  RESTORE_CONFLICT: 409,
  UNSUPPORTED_HERE: 501,
  STREAM_UNAVAILABLE: 503,
  ARCHIVE_UNAVAILABLE: 503,
  STORE_BUSY: 503,
  STORE_FULL: 507,
};
