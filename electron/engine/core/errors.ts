import type { Envelope, ErrorCode, ErrorEnvelope } from '../../../shared/error-code.ts';

export interface EngineErrorOptions {
  readonly cause?: unknown;
  /** Whether the same call may succeed later. Default false. */
  readonly retryable?: boolean;
  /** Fields that are safe to log: ids, counts, offsets, paths; never transcript text. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>;
}

/** An error with a stable code. The message is a sentence for people. */
export class EngineError extends Error {
  override readonly name: string = 'EngineError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly context: Readonly<Record<string, string | number | boolean | null>>;

  constructor(code: ErrorCode, message: string, options: EngineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.context = options.context ?? {};
  }
}

export class ConfigError extends EngineError {
  override readonly name = 'ConfigError';
}
export class RedisServerError extends EngineError {
  override readonly name = 'RedisServerError';
}
export class ArchiveError extends EngineError {
  override readonly name = 'ArchiveError';
}
export class StreamError extends EngineError {
  override readonly name = 'StreamError';
}
export class StoreError extends EngineError {
  override readonly name = 'StoreError';
}
export class BackupError extends EngineError {
  override readonly name = 'BackupError';
}

/** A broken assumption of our own. Never caught to continue. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

export function assertNever(value: never): never {
  throw new InvariantError(`unexpected value: ${JSON.stringify(value)}`);
}

/** The `code` of a Node system error (`ENOENT`, `EACCES` …), or null. */
export function systemErrorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** True for the rejection of an aborted operation: not a failure, never logged or counted as one. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** Code and cause chain in one line for the log. Holds messages of ours and of libraries, never transcript text. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let current = error, depth = 0; current !== undefined && depth < 6; depth += 1) {
    if (!(current instanceof Error)) {
      parts.push(typeof current === 'string' ? current : JSON.stringify(current));
      break;
    }
    const code = current instanceof EngineError ? current.code : systemErrorCode(current);
    parts.push(`${current.name}${code === null ? '' : ` ${code}`}: ${current.message}`);
    current = current.cause;
  }
  return parts.join(' <- ');
}

/** What of an error may cross to another process. */
export function toEnvelope(error: unknown): ErrorEnvelope {
  if (error instanceof EngineError) return { code: error.code, message: error.message, retryable: error.retryable };
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error), retryable: false };
}

/** The value of an envelope, or the error it carries, thrown. */
export function fromEnvelope<T>(envelope: Envelope<T>): T {
  if (envelope.ok) return envelope.value;
  throw new EngineError(envelope.error.code, envelope.error.message, { retryable: envelope.error.retryable });
}
