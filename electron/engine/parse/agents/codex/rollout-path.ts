/** What the place of a file says. Null for a file that belongs to no session (`history.jsonl`). */
export interface RolloutPlace {
  /** Thread whose rollout it is. */
  readonly sessionId: string | null;
  readonly isCompressed: boolean;
}

const ROLLOUT = /^rollout-.*?\.jsonl(\.zst)?$/u;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/giu;
const TIME = /^rollout-(?:\d{4}-\d\d-\d\d(?:T\d\d-\d\d-\d\d)?-)?/u;

/**
 * Reads `sessions/YYYY/MM/DD/rollout-<local time>-<thread>.jsonl[.zst]`, the older `sessions/rollout-…` without folders of
 * dates, and both below `archived_sessions/`. A thread that was taken back to an earlier turn goes on in
 * `rollout-<time>-<thread>_<rollout>.jsonl`: the first id names it.
 */
export function rolloutPlaceOf(relativePath: string): RolloutPlace {
  const name = relativePath.slice(relativePath.lastIndexOf('/') + 1);
  const match = ROLLOUT.exec(name);
  if (match === null || !relativePath.includes('/')) return { sessionId: null, isCompressed: false };
  const stem = name.replace(/\.jsonl(?:\.zst)?$/u, '');
  const [thread] = stem.match(UUID) ?? [];
  return { sessionId: thread?.toLowerCase() ?? stem.replace(TIME, ''), isCompressed: match[1] !== undefined };
}

/** When an id of UUID version 7 was made, in epoch ms; null for any other id. */
export function timeOfId(id: string | null): number | null {
  const hex = id?.replaceAll('-', '') ?? '';
  return /^[0-9a-f]{12}7[0-9a-f]{19}$/iu.test(hex) ? Number.parseInt(hex.slice(0, 12), 16) : null;
}
