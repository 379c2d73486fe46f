import { EngineError, systemErrorCode } from '../core/errors.ts';

/**
 * - `ok`: enough room.
 * - `low`: a person should make room; recording goes on.
 * - `held`: recording waits until there is room, so that what is saved stays safe and the machine usable.
 */
export type DiskLevel = 'ok' | 'low' | 'held';

/** In bytes. */
export interface DiskLimits {
  readonly warnBelowBytes: number;
  readonly holdBelowBytes: number;
}

/** What must be free before a hold ends, so that the first bytes which are written do not bring it back. */
const RESUME_SHARE = 1.25;
/** The same for the warning. */
const CALM_SHARE = 1.05;

/** Free bytes from which on recording that was held goes on. */
export function resumesAt({ holdBelowBytes }: DiskLimits): number {
  return holdBelowBytes * RESUME_SHARE;
}

/** @param before the level until now: leaving one takes a little more room than entering it */
export function levelOf(freeBytes: number, limits: DiskLimits, before: DiskLevel): DiskLevel {
  if (freeBytes < (before === 'held' ? resumesAt(limits) : limits.holdBelowBytes)) return 'held';
  const { warnBelowBytes } = limits;
  return freeBytes < (before === 'ok' ? warnBelowBytes : warnBelowBytes * CALM_SHARE) ? 'low' : 'ok';
}

/** Why nothing is recorded now. Code DISK_FULL, retryable. */
export function diskIsFull(): EngineError {
  return new EngineError(
    'DISK_FULL',
    'The disk is full: recording is held. What the agents write waits in their own files and is recorded as soon as there is room again. Free some space.',
    { retryable: true },
  );
}

/** True for the error of a write that found no room, wherever in its causes that is told. */
export function isNoRoom(error: unknown): boolean {
  for (let current = error, depth = 0; current instanceof Error && depth < 6; current = current.cause, depth += 1) {
    if (current instanceof EngineError && current.code === 'STORE_FULL') return true;
    if (['ENOSPC', 'EDQUOT'].includes(systemErrorCode(current) ?? '')) return true;
  }
  return false;
}
