import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 25;

/**
 * Looks again and again until what is seen is wanted, and gives it back. Fails with what was seen last.
 * @param withinMs default 20 000
 */
export async function waitUntil<T>(
  look: () => T | Promise<T>,
  isWanted: (seen: T) => boolean,
  what: string,
  withinMs = 20_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (isWanted(seen)) return seen;
    if (performance.now() > end) {
      const last = JSON.stringify(seen)?.slice(0, 2000) ?? 'nothing';
      throw new Error(`${what}: not within ${String(withinMs)} ms; seen last: ${last}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
