import type { ExchangeDraft } from '../../../shared/exchange.ts';
import type { EpochMs } from '../../../shared/time.ts';

/** A session that holds an exchange, with what tells the original from a copy. */
export interface OwnerCandidate {
  readonly sessionId: string;
  /** Time of the prompt's record in this session's transcript. */
  readonly promptAt: EpochMs | null;
  /**
   * Earliest time of a record that this session alone holds, lines of the prompt history included; null if it holds none
   * with a time.
   */
  readonly ownSince: EpochMs | null;
}

/**
 * The session in which an exchange was asked, of all that hold it. Depends on what was recorded, not on the order in which
 * it was read.
 *
 * Versions 1.0 and 2.0 stamp copied records with the time of the copy, so the earliest prompt is the original. Version
 * 2.1 keeps the time; there the original has lines of its own from the day of the prompt (records without an id are not
 * copied), and whatever a copy has of its own is younger.
 */
export function preferredOwner(candidates: readonly OwnerCandidate[]): OwnerCandidate | null {
  return candidates.reduce<OwnerCandidate | null>(
    (best, candidate) => (best === null || compareOwners(candidate, best) < 0 ? candidate : best),
    null,
  );
}

/** Puts an exchange under its owner, with the time at which it was asked there. */
export function withOwner(draft: ExchangeDraft, owner: OwnerCandidate): ExchangeDraft {
  return { ...draft, sessionId: owner.sessionId, startedAt: owner.promptAt ?? draft.startedAt };
}

function compareOwners(one: OwnerCandidate, other: OwnerCandidate): number {
  // Without a time a prompt may be of any age; without anything of its own a session is the plain past of the others.
  const byPrompt = compareTimes(one.promptAt ?? Infinity, other.promptAt ?? Infinity);
  if (byPrompt !== 0) return byPrompt;
  const byOwn = compareTimes(one.ownSince ?? -Infinity, other.ownSince ?? -Infinity);
  if (byOwn !== 0) return byOwn;
  return one.sessionId < other.sessionId ? -1 : Number(one.sessionId > other.sessionId);
}

/** Not by subtraction: two infinities have no difference. */
function compareTimes(one: number, other: number): number {
  return one < other ? -1 : Number(one > other);
}
