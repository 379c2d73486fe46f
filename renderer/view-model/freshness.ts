/**
 * How much a shown figure can be believed.
 * - `waiting`: the first snapshot has not come yet.
 * - `live`: fresh.
 * - `late`: nothing new for five seconds: values are dimmed.
 * - `lost`: nothing new for fifteen seconds: every lamp says "No signal".
 */
export type Freshness = 'waiting' | 'live' | 'late' | 'lost';

export const LATE_AFTER_MS = 5_000;
export const LOST_AFTER_MS = 15_000;

/**
 * @param ageMs since the last snapshot that was newer than the one before it; null before the first.
 * @param openMs since the window began to wait.
 */
export function freshnessOf(ageMs: number | null, openMs: number): Freshness {
  if (ageMs === null) return openMs >= LOST_AFTER_MS ? 'lost' : 'waiting';
  if (ageMs >= LOST_AFTER_MS) return 'lost';
  return ageMs >= LATE_AFTER_MS ? 'late' : 'live';
}
