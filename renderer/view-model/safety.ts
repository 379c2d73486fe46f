import type { StatusSnapshot } from '../../shared/status.ts';

/**
 * What may be promised. Only here is it decided whether the words "saved" and "nothing is lost" may be written.
 * - `saved`: every check holds and all is committed.
 * - `kept`: every check of capture, archive and queue holds; something still waits to be committed.
 * - `unproven`: a check does not hold, so nothing is promised.
 */
export type SafetyLevel = 'saved' | 'kept' | 'unproven';

export type SafetyCheck = keyof StatusSnapshot['safety'];

const KEEPING: readonly SafetyCheck[] = ['archiveCurrent', 'watcherAlive', 'queueAnswers'];

/** The checks without which nothing is promised and which do not hold. */
export function openChecks(snapshot: StatusSnapshot): readonly SafetyCheck[] {
  return KEEPING.filter((check) => !snapshot.safety[check]);
}

export function safetyOf(snapshot: StatusSnapshot): SafetyLevel {
  if (openChecks(snapshot).length > 0) return 'unproven';
  return snapshot.safety.allSaved ? 'saved' : 'kept';
}
