/**
 * When a document is archived. Each rewriting that is archived costs a generation, and one that is half written cannot be
 * read: so it must have been left alone for a moment, unless it never is.
 */
import type { Clock } from '../core/clock.ts';
import type { TrackedFile } from './tracked-file.ts';

/** Quiet for this long, in ms: agents write their documents at once, message by message. */
export const DOCUMENT_QUIET_MS = 1000;
/** A document that is written all the time is archived this often, in ms. */
const LONGEST_UNSETTLED_MS = 30_000;

/** Asked for a document that has changed. Remembers since when it has been waiting. */
export function isSettled(file: TrackedFile, modifiedAt: number, clock: Clock, quietMs: number): boolean {
  file.unsettledSince ??= clock.monotonic();
  return clock.now() - modifiedAt >= quietMs || clock.monotonic() - file.unsettledSince >= LONGEST_UNSETTLED_MS;
}
